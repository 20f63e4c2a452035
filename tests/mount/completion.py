#!/usr/bin/python3
# What Tab completes in bash and zsh, typed on a terminal: commands, options, paths, and what only the filesystem knows; and that a
# shell gets what is known without the database when that does not answer.
# labels: long
import os
import re
import shutil
import socket
import subprocess

from case import MNT, equal, path, skip, sql, write
from terminal import Terminal

THULE = os.environ["THULE"]
SCRIPTS = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "tools", "completion"))
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
SHOW = "show() { printf '<%s>' \"$@\"; echo 'shown'.; }"


class Shell:
    """An interactive shell with our completion."""

    def __init__(self, name, command, setup):
        self.name = name
        self.terminal = Terminal(*command, environment={**os.environ, "TERM": "dumb", "PS1": "$ ", "HISTFILE": "", "INPUTRC": "/dev/null"})
        for line in (*setup, f"cd {MNT}", SHOW):
            self.terminal.type(line.encode() + b"\n")
        # What was typed has been echoed as well; only what it says has the two words in one.
        self.terminal.type(b"echo 're'ady.\n")
        self.terminal.read(b"ready.")

    def completes(self, typed, *expected):
        """Tab after what was typed makes these words of it: a function in front of them prints them."""
        self.terminal.said = b""
        self.terminal.type(typed.encode() + b"\t\x01show \x05\n")
        said = self.terminal.read(b"shown.")
        # zsh takes back the slash of a directory where a blank follows.
        equal(list(expected), [word.rstrip("/") for word in re.findall(r"<([^>]*)>", said)], f"{typed!r} and Tab in {self.name}, which said {said!r}")


def shells():
    if os.path.exists(BASH_COMPLETION):
        yield Shell("bash", ["bash", "--norc", "--noprofile", "-i"],
                    ["bind 'set enable-bracketed-paste off'", f". {BASH_COMPLETION}", f". {SCRIPTS}/thule.bash"])
    if shutil.which("zsh"):
        yield Shell("zsh", ["zsh", "-f", "-i"],
                    ["unset zle_bracketed_paste", f"fpath=({SCRIPTS} $fpath)",
                     f"autoload -U compinit; compinit -u -d {os.environ['CASE_DIR']}/zcompdump", "bindkey -e"])


def offered(*words, **environment):
    """What `thule complete` prints: {word: meaning}, and what it leaves to the shell."""
    done = subprocess.run([THULE, "complete", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, cwd="/",
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    equal(b"", done.stderr, f"what completion of {words} complains of")
    return {line[0]: line[1] for line in lines if line[0]}, [line[1] for line in lines if not line[0]]


def check_words():
    """What may come next, without a shell."""
    for words, some in ((["lo"], {"log"}), (["help", "unm"], set()), (["snapshot", ""], {"create", "list", "delete", "rename"}),
                        (["snapshot", "delete", "be"], {"before", "before-lunch"}), (["snapshot", "delete", "before", "a"], {"after"}),
                        (["diff", "before", "aft"], {"after"}), (["undo", "--tag", "v:"], {"v:1"}), (["undo", "--tag", "nig"], {"nightly"}), (["undo", "--tag=nig"], {"--tag=nightly"}),
                        (["log", "--kind", "unl"], {"unlink"}), (["config", "set", ""], {"retention"}), (["mount", "-o", "ro,noa"], {"ro,noacl"}),
                        (["umount", MNT[:-1]], {MNT}), (["log", "--no-such", "--si"], {"--since"}), (["--no-pager", "fsc"], {"fsck"})):
        equal(some, set(offered(*words)[0]), f"what completes {words}")
    newest = sql("select max(op) from thule.op")[0][0]
    equal(f"op:{newest}", next(word for word in offered("cat", path("file"), "--at", "op:")[0] if word != "op:"), "the newest op")
    for words, shell in ((["cat", ""], ["file"]), (["restore", "x", "--to", ""], ["file"]), (["quota", "set", "--user", ""], ["user"]),
                         (["log", "--pid", ""], ["process"]), (["top", ""], ["directory"]), (["run", "--tag", "x", "--", "ls", ""], ["command 4"]),
                         (["fsck", ""], []), (["cat", "a", "b"], []), (["nonsense", ""], []), ([], [])):
        equal(shell, offered(*words)[1], f"what a shell is to find for {words}")
    # What others chose does not steer the terminal.
    equal({"late shift", "nightly", "v:1"}, set(offered("undo", "--tag", "")[0]), "tags, of which one has an escape")


def check_silence():
    """A server that does not answer keeps nobody, and one that is stopped is not started."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = f"host=127.0.0.1 port={server.getsockname()[1]} sslmode=disable"
        words, _ = offered("ls", "/", "--at", "", THULE_DB=silent)
        equal((True, False), ("yesterday" in words, "before" in words), "instants without the database")
    home = os.path.join(os.environ["CASE_DIR"], "nothing")
    equal({}, offered("undo", "--tag", "", THULE_DB="", THULE_HOME=home)[0], "tags where there is no filesystem")
    equal(False, os.path.exists(home), "a private server that completion made")


def main():
    write("file", b"content")
    os.mkdir(path("with space"))
    for name in ("before", "before-lunch", "after"):
        subprocess.run([THULE, "snapshot", "create", name], cwd=MNT, check=True, stdout=subprocess.DEVNULL)
    for tag in ("nightly", "late shift", "v:1", "other"):
        subprocess.run([THULE, "run", "--tag", tag, "touch", path("touched")], check=True)
    # Tags have no control characters, unless somebody writes to the database.
    sql("update thule.op set tag = E'e\\x1b[2J' where tag = 'other'")
    check_words()
    check_silence()
    tried = 0
    for shell in shells():
        tried += 1
        shell.completes("thule blam", "thule", "blame")
        shell.completes("thule log --sin", "thule", "log", "--since")
        shell.completes("thule cat fi", "thule", "cat", "file")
        shell.completes("thule ls with", "thule", "ls", "with space")
        shell.completes("thule cat file --at aft", "thule", "cat", "file", "--at", "after")
        shell.completes("thule cat file --at=aft", "thule", "cat", "file", "--at=after")
        shell.completes("thule undo --tag v:", "thule", "undo", "--tag", "v:1")
        shell.completes("thule diff op", "thule", "diff", "op:")
        shell.completes("thule undo --tag ni", "thule", "undo", "--tag", "nightly")
        shell.completes("thule undo --tag la", "thule", "undo", "--tag", "late shift")
        shell.completes("thulefs private . -o ro,noac", "thulefs", "private", ".", "-o", "ro,noacl")
        shell.completes("thule run --tag x -- thule restor", "thule", "run", "--tag", "x", "--", "thule", "restore")
    if not tried:
        skip("neither bash-completion nor zsh is installed")


main()
