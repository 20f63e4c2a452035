#!/usr/bin/python3
# `thule run --tag`: all that a command and its descendants do carries the tag, and nothing else does: also after
# they became daemons, after exec, with a cleaned environment, when runs are nested and beside each other.
# options: allow_other
import os
import signal
import subprocess
import sys

from case import equal, path, shell, sql

THULE = os.environ["THULE"]


def start(tag, *command, **named):
    return subprocess.Popen([THULE, "run", "--tag", tag, "--", *command], **named)


def run(tag, *command, status=0):
    equal(status, start(tag, *command).wait(timeout=120), f"exit status of {command}")


def tags(pattern):
    """The tags of what was created under names like this, each once."""
    rows = sql(
        "select distinct coalesce(o.tag, '-') from thule.op o where convert_from(o.name, 'UTF8')"
        f" like '{pattern}' order by 1"
    )
    return [row[0] for row in rows]


def made(name):
    shell("wait_until", "20", "test", "-e", path(name))


def simple():
    run("one", "sh", "-c", f"echo x >{path('a')}; mv {path('a')} {path('b')}; rm {path('b')}; mkdir {path('d')}")
    rows = sql(
        "select kind, tag, run = (select run from thule.actor where run is not null order by id limit 1)"
        " from thule.change where op > 16 order by op"
    )
    equal([[kind, "one", "t"] for kind in ("create", "write", "rename", "unlink", "mkdir")], rows, "ops of a run")
    os.mkdir(path("untagged"))
    equal(["-"], tags("untagged"), "outside of the run")
    run("one", "touch", path("again"))
    equal([["2"]], sql("select count(distinct run) from thule.actor where tag = 'one'"), "runs of one tag")
    long = "ä" * 100
    run(long, "touch", path("long"))
    equal([long], tags("long"), "a long tag")


def daemons():
    script = f"""
import os, sys, time
def away(depth):
    if os.fork():
        os._exit(0)
    os.setsid()
    if depth:
        away(depth - 1)
away(2)
os.mkdir("{path('daemon-forked')}")
while os.path.exists("/proc/" + sys.argv[1]):
    time.sleep(0.01)
os.execve("/bin/sh", ["sh", "-c", "mkdir {path('daemon-cleaned')}; env -i mkdir {path('daemon-done')}"], {{}})
"""
    # Its pid, so that the daemon can wait until `thule run` itself is gone.
    command = f'exec "$0" run --tag daemon -- /usr/bin/python3 -c "$1" $$'
    subprocess.run(["sh", "-c", command, THULE, script], check=True, timeout=120)
    made("daemon-done")
    equal(["daemon"], tags("daemon-%"), "a daemon with a cleaned environment")


def cleaned():
    run("clean", "env", "-i", "sh", "-c", f"for i in 1 2 3; do mkdir {path('clean-')}$i; done")
    equal(["clean"], tags("clean-%"), "a cleaned environment")
    # Somebody else's variable is no mark of ours.
    subprocess.run(["mkdir", path("forged")], env={"THULE_RUN": "nonsense"}, check=True)
    equal(["-"], tags("forged"), "a value that is none")
    if os.geteuid() == 0:
        os.chmod(path(), 0o777)
        run("user", "setpriv", "--reuid=65531", "--clear-groups", "mkdir", path("user"))
        equal(["user"], tags("user"), "another user")


def nested():
    inner = f"'{THULE}' run --tag inner -- env -i sh -c 'mkdir {path('in-1')}; mkdir {path('in-2')} & wait'"
    run("outer", "sh", "-c", f"mkdir {path('out-1')}; {inner}; mkdir {path('out-2')}; env -i mkdir {path('out-3')}")
    equal(["inner"], tags("in-%"), "the inner run")
    equal(["outer"], tags("out-%"), "the outer run")


def beside():
    """Short-lived processes of three kinds at once: each op has the right tag."""
    loop = "for i in $(seq 100); do {} mkdir {}-$i; done"
    runs = [
        start("left", "sh", "-c", loop.format("", path("left"))),
        start("right", "sh", "-c", loop.format("env -i", path("right"))),
        subprocess.Popen(["sh", "-c", loop.format("", path("none"))]),
    ]
    for process in runs:
        equal(0, process.wait(timeout=120), "exit status")
    rows = sql(
        "select split_part(convert_from(name, 'UTF8'), '-', 1), coalesce(tag, '-'), count(*), count(distinct actor)"
        " from thule.op where convert_from(name, 'UTF8') ~ '^(left|right|none)-' group by 1, 2 order by 1"
    )
    equal(
        [["left", "left", "100", "100"], ["none", "-", "100", "100"], ["right", "right", "100", "100"]],
        rows, "ops of processes beside each other",
    )


def mapped():
    script = f"""
import mmap, os
fd = os.open("{path('mapped')}", os.O_CREAT | os.O_RDWR)
os.ftruncate(fd, 4096)
mmap.mmap(fd, 4096)[0:1] = b"x"
"""
    run("mapped", sys.executable, "-c", script)
    rows = sql("select distinct tag from thule.change where path = '/mapped' and deferred")
    equal([["mapped"]], rows, "the tag of a deferred write")


def statuses():
    run("x", "sh", "-c", "exit 7", status=7)
    run("x", "sh", "-c", "kill -KILL $$", status=137)
    run("x", "/nonexistent", status=127)
    run("x", "/", status=126)
    for tag in ("", "a\nb", "x" * 201, b"\xff"):
        run(tag, "mkdir", path("refused"), status=2)
    equal(2, subprocess.run([THULE, "run", "--tag", "x"], check=False).returncode, "without a command")
    equal(False, os.path.exists(path("refused")), "a refused run did something")
    # The keeper holds neither the pipe nor the folder, and the rest of the options are the command's.
    out = subprocess.run(
        [THULE, "run", "sh", "-c", 'sleep 5 >/dev/null & echo "$0" "$@"', "--tag", "--help"],
        cwd=path(), stdout=subprocess.PIPE, check=True, timeout=4,
    ).stdout
    equal(b"--tag --help\n", out, "what the command was given")


def signals():
    process = start(
        "signal", "sh", "-c", f"trap 'mkdir {path('trapped')}; exit 5' TERM; mkdir {path('ready')}; sleep 5 & wait"
    )
    made("ready")
    process.send_signal(signal.SIGTERM)
    equal(5, process.wait(timeout=120), "exit status after SIGTERM")
    equal(["signal"], tags("trapped"), "done by the handler")


def main():
    simple()
    daemons()
    cleaned()
    nested()
    beside()
    mapped()
    statuses()
    signals()


main()
