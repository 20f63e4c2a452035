#!/usr/bin/python3
# An ordinary user on root's mount: thule log, blame, diff and the past, of his own files, asked of the daemon.
# db: private
# options: allow_other
import json
import os
import select
import subprocess

from case import MNT, equal, need_root, path, sql, write
from other import eventually
from visitor import ALICE, BOB, contains, homes, lacks, log, run, sh, thule


def make():
    homes()
    sh(ALICE, "echo one >alice/f; echo two >>alice/f; echo other >alice/g")
    write("alice/roots", b"root's")
    write("bob/secret", b"bob's")
    os.chown(path("bob/secret"), BOB, BOB)


def check_log():
    rows = log(ALICE, path("alice/f"))
    equal(["write", "write", "create"], [r["kind"] for r in rows], "log of the own file")
    equal({"/alice/f"}, {r["path"] for r in rows}, "its path")
    equal(True, all("echo" in r["cmdline"] for r in rows), "the own command lines")
    everything = log(ALICE)
    contains("/alice/g", json.dumps(everything), "log of everything")
    for word in ("secret", "roots", "/bob"):
        lacks(word, json.dumps(everything), "log of everything")
    equal([], log(ALICE, path("bob/secret")), "log of another's file")
    equal([], log(ALICE, path("alice/roots")), "log of root's file in the own folder")
    equal(["/alice/g"], [r["path"] for r in log(ALICE, "-n", "1", "--kind", "write")], "the newest one")
    contains("to your files", thule_err(ALICE, "log", path("bob/secret")), "who has none is told why")
    # What others do to it is shown, with who they are, and without their command lines.
    subprocess.run(["sh", "-c", f"echo hidden-word >{path('alice/f')}"], check=True)
    newest = log(ALICE, path("alice/f"), "-n", "1")[0]
    equal((0, "sh", None, None), (newest["uid"], newest["comm"], newest["cmdline"], newest["cwd"]), "root's change")
    contains("hidden-word", sql("select cmdline from thule.change order by op desc limit 1")[0][0], "what root sees")
    # A name in a directory that she may not search is not for her, nor what others call it there.
    os.rename(path("alice/g"), path("closed/hidden-name"))
    rows = log(ALICE, "-n", "2")
    lacks("hidden-name", json.dumps(rows), "the log of what was moved away")
    equal(("rename", "/alice/g", None), (rows[0]["kind"], rows[0]["path"], rows[0]["new_path"]), "its last op")
    # A file that takes the place of hers.
    write("closed/new", b"new")
    os.rename(path("closed/new"), path("alice/f"))
    rows = log(ALICE, "-n", "1")
    equal(("rename", None, "/alice/f"), (rows[0]["kind"], rows[0]["path"], rows[0]["new_path"]), "what was replaced")


def thule_err(uid, *arguments):
    return run(uid, *arguments).stderr.decode()


def now():
    return f"op:{sql('select max(op) from thule.op')[0][0]}"


def make_past():
    """What changed is who may read it, and whether it is there. Returns the instant before."""
    sh(ALICE, "mkdir alice/d alice/d/sub; echo old >alice/d/mine; echo deep >alice/d/sub/deep; ln -s mine alice/d/link")
    write("shown", b"for all")
    write("narrowed", b"for all once")
    write("alice/d/roots", b"root's own")
    os.chmod(path("alice/d/roots"), 0o600)
    os.setxattr(path("shown"), "user.note", b"noted")
    os.setxattr(path("shown"), "trusted.secret", b"whisper")
    write("closed/inside", b"behind a closed door")
    os.mkdir(path("listed"), 0o711)
    write("listed/known", b"known by name")
    then = now()
    sh(ALICE, "echo new >alice/d/mine; rm -r alice/d/sub")
    os.chmod(path("narrowed"), 0o600)
    return then


def denied(*arguments, word="may not"):
    contains(word, thule(ALICE, *arguments, status=1), f"thule {arguments}")


def check_past(then):
    at = ("--at", then)
    equal("old\n", thule(ALICE, "cat", path("alice/d/mine"), *at), "an own file as it was")
    equal("new\n", thule(ALICE, "cat", path("alice/d/mine")), "and as it is")
    equal("deep\n", thule(ALICE, "cat", path("alice/d/sub/deep"), *at), "one that is gone")
    equal("for all", thule(ALICE, "cat", path("shown"), *at), "another's that all may read")
    for name in ("narrowed", "alice/d/roots"):
        denied("cat", path(name), *at)
    for name in ("closed/inside", "closed/none"):
        for command in ("cat", "stat", "ls"):
            denied(command, path(name), *at)
    denied("ls", path("closed"), *at)
    denied("ls", path("listed"), *at)
    equal("known by name", thule(ALICE, "cat", path("listed/known"), *at), "whose name is known")
    equal(["link", "mine", "roots", "sub"], [r["name"] for r in json.loads(thule(ALICE, "ls", "--json", path("alice/d"), *at))],
          "a folder as it was")
    shown = json.loads(thule(ALICE, "stat", "--json", path("shown"), *at))
    equal(({"user.note": "noted"}, None), (shown["xattrs"], shown["pid"]), "what is told of another's file")
    lacks("whisper", thule(ALICE, "stat", path("shown"), *at), "stat for people")
    equal(ALICE, json.loads(thule(ALICE, "stat", "--json", path("alice/d/mine"), *at))["by_uid"], "who changed the own file")
    equal("", json.loads(thule(ALICE, "stat", "--json", path("narrowed"), *at)).get("xattrs") or "", "what mode it has is told")
    # All that she may read, and word of the rest.
    archive = run(ALICE, "tar", path("alice/d"), *at)
    names = subprocess.run(["tar", "-t"], input=archive.stdout, capture_output=True, check=True).stdout.decode().split()
    equal(["./", "./link", "./mine", "./sub/", "./sub/deep"], names, "what is in the archive")
    equal(1, archive.returncode, "status of an archive that lacks something")
    contains("./roots", archive.stderr.decode(), "what it lacks")
    thule(ALICE, "tar", path("alice/d/sub"), *at)


def check_blame(then):
    ranges = json.loads(thule(ALICE, "blame", "--json", path("alice/d/mine")))
    equal((ALICE, "new"), (ranges["ranges"][0]["uid"], ranges["lines"][0]["text"]), "blame of an own file")
    denied("blame", path("shown"), word="not yours")
    denied("blame", path("closed/inside"))
    subprocess.run(["sh", "-c", f"echo other-word >>{path('alice/d/mine')}"], check=True)
    text = thule(ALICE, "blame", "--json", path("alice/d/mine"))
    equal(None, json.loads(text)["ranges"][1]["cmdline"], "the command line of root's shell")
    lacks("other-word)", text, "blame")
    rows = json.loads(thule(ALICE, "diff", "--json", then, "now"))
    equal({("modified", "/alice/d/mine"), ("removed", "/alice/d/sub"), ("removed", "/alice/d/sub/deep")},
          {(r["change"], r["path"]) for r in rows}, "what differs of hers")
    equal(None, [r for r in rows if r["path"] == "/alice/d/mine"][0]["cmdline"], "root's command line in diff")
    # What she put in the place of her file, and what was in the place of another's.
    sh(ALICE, "echo kept >alice/old; cp alice/old alice/new; echo more >>alice/new; mv alice/new alice/old")
    lines = json.loads(thule(ALICE, "blame", "--json", path("alice/old")))
    equal((["kept", "more"], 1), ([x["text"] for x in lines["lines"]], len(lines["earlier"])), "blame through a save")
    write("alice/taken", b"a line\n")
    os.chmod(path("alice/taken"), 0o600)
    sh(ALICE, "echo a line >alice/new; mv -f alice/new alice/taken")
    equal([], json.loads(thule(ALICE, "blame", "--json", path("alice/taken")))["earlier"], "blame of what took another's place")
    contains("in your files", thule_err(ALICE, "diff", then, "now", path("narrowed")), "another's file")
    denied("diff", then, "now", path("closed/inside"))
    thule(ALICE, "diff", "--stat", then, "now")


def check_patch():
    """The content of her own files, and of no others."""
    write("bob/secret", b"bob's other words\n")
    sh(ALICE, "echo one >alice/text")
    then = now()
    sh(ALICE, "echo two >>alice/text")
    # Hers comes in place of what she may not read.
    write("alice/private", b"whisper\n")
    os.chmod(path("alice/private"), 0o600)
    sh(ALICE, "echo hers >alice/saved; mv -f alice/saved alice/private")
    text = thule(ALICE, "diff", "--patch", then, "now")
    contains("+two", text, "patch of an own file")
    contains("+two", thule(ALICE, "log", "--patch", path("alice/text")), "log of an own file")
    contains(" alice/text | +1 -0 lines", thule(ALICE, "log", "--stat", path("alice/text")), "counts of an own file")
    everything = text + thule(ALICE, "log", "--patch")
    for word in ("words", "whisper", "bob"):
        lacks(word, everything, "patches")
    mine = log(ALICE, "-n", "1", path("alice/text"))[0]["op"]
    contains("+two", thule(ALICE, "show", f"op:{mine}"), "an own change")
    bobs = sql("select max(op) from thule.change where path = '/bob/secret'")[0][0]
    contains("or is of others' files", thule(ALICE, "show", f"op:{bobs}", status=1), "another's change")


def check_bind():
    """Below a bind mount a path means what it means there, or nothing."""
    sh(ALICE, "mkdir -p alice/b; echo one >alice/b/f")
    place = os.path.join(os.environ["CASE_DIR"], "bound")
    os.mkdir(place)
    subprocess.run(["mount", "--bind", path("alice/b"), place], check=True)
    try:
        equal({"/alice/b/f"}, {r["path"] for r in log(ALICE, place + "/f")}, "the log below a bind mount")
        equal("one\n", thule(ALICE, "cat", place + "/f"), "a file below it")
        # Undone, and made anew: what is bound is not what has the path now.
        start = int(now()[3:])
        sh(ALICE, "rm -r alice/b; mkdir alice/b; echo other >alice/b/f")
        contains("no path any more", thule(ALICE, "log", place + "/f", status=2), "what is bound is gone")
        contains("no path any more", thule(ALICE, "undo", "--since", f"op:{start}", place + "/f", status=2), "undo there")
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def check_follow():
    with subprocess.Popen([os.environ["THULE"], "log", "--follow", "--json"], user=ALICE, group=ALICE, extra_groups=[], cwd=MNT,
                          stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"]}) as p:
        # From what is there once it has begun: until it says something, something is done.
        def heard():
            write("bob/unheard", b"x")
            sh(ALICE, "echo >>alice/heard")
            return select.select([p.stdout], [], [], 0.5)[0]
        eventually("a change is told", heard)
        row = json.loads(p.stdout.readline())
        p.kill()
        rest = p.stdout.read().decode()
    equal("/alice/heard", row["path"], "what is told")
    lacks("unheard", rest, "what is told")


def check_refused():
    """What needs the database says so."""
    for command in (["fsck"], ["fsck", "--repair", "--yes"], ["audit", "digest"], ["audit", "verify"], ["snapshot", "list"], ["config", "list"], ["quota", "list"]):
        done = run(ALICE, *command)
        equal(True, done.returncode != 0, f"{command} fails")
        contains("ask root", done.stderr.decode(), str(command))


def main():
    need_root()
    make()
    check_log()
    then = make_past()
    check_past(then)
    check_blame(then)
    check_patch()
    check_bind()
    check_follow()
    check_refused()


main()
