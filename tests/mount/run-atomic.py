#!/usr/bin/python3
# `thule run --atomic`: a command that fails or is killed leaves nothing, nor do its descendants, nor does a host that
# goes down while it runs; what others did stays.
import os
import signal
import subprocess

from case import MNT, equal, path, read, shell, sql, write
from stopped import stop

THULE = os.environ["THULE"]

WRECK = f"""
cd {MNT}
rm -r dir; echo changed >kept; chmod 600 mode; mv name other; mkdir new; echo x >new/file
"""


def start(script, tag="wreck", **named):
    return subprocess.Popen([THULE, "run", "--tag", tag, "--atomic", "--", "sh", "-c", script], **named)


def run(script, status, tag="wreck"):
    process = start(script, tag, stderr=subprocess.PIPE)
    said = process.communicate(timeout=120)[1].decode()
    equal(status, process.returncode, f"exit status; it said {said}")
    return said


def manifest():
    return shell("manifest", MNT)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def made(name):
    shell("wait_until", "20", "test", "-e", path(name))


def database(query):
    return [line.split("|") for line in shell("sql", query).splitlines()]


def settled():
    """Every run has an end, and every request an answer."""
    query = (
        "select (select count(*) from thule.run where ended_at is null)"
        " + (select count(*) from thule.request where done_at is null)"
    )
    shell("wait_until", "30", "bash", "-c", f'. "{os.environ["PYTHONPATH"]}/mount.sh"; [[ $(sql "{query}") == 0 ]]')


def check(before, what):
    equal(before, manifest(), f"the tree after {what}")


def fails(before):
    said = run(WRECK + "exit 3", 3)
    if "undone" not in said:
        raise AssertionError(f"it said {said}")
    check(before, "a command that failed")
    run(WRECK + "kill -KILL $$", 137)
    check(before, "a command that was killed")
    run(WRECK + f"'{THULE}' run --tag inner sh -c 'echo x >kept; mkdir inner'; exit 5", 5)
    check(before, "a command that failed with a run in it")
    if "changed nothing" not in run("exit 1", 1):
        raise AssertionError("a run without changes")
    run(WRECK + "(setsid env -i sh -c 'i=0; while :; do i=$((i+1)); echo x >new/$i; done' &) ; exit 4", 4)
    check(before, "a command that failed and left a daemon")
    equal(127, start("exit 0", env={**os.environ, "PATH": ""}).wait(timeout=120), "a command that is not there")
    check(before, "a command that is not there")
    equal([["0", "5"]], sql(
        "select count(*) filter (where ended_at is null), max(status) filter (where status < 127) from thule.run"
    ), "runs without an end")


def others(before):
    """Of two runs with one tag only the one that failed is undone, and nobody else's work is."""
    fifo = os.path.join(os.environ["CASE_DIR"], "fifo")
    os.mkfifo(fifo)
    process = start(f"echo bad >{path('by-bad')}; mkdir {path('ready')}; cat {fifo}; exit 1", stderr=subprocess.PIPE)
    made("ready")
    run(f"echo good >{path('by-good')}", 0)
    write("by-nobody", b"mine")
    with open(fifo, "w", encoding="ascii"):
        pass
    process.communicate(timeout=120)
    equal(1, process.returncode, "exit status")
    equal((b"good\n", b"mine"), (read("by-good"), read("by-nobody")), "what others wrote")
    for name in ("by-good", "by-nobody"):
        os.unlink(path(name))
    equal(False, os.path.exists(path("by-bad")), "what the run wrote")
    os.utime(MNT, ns=(before[0], before[1]))


def killed(before):
    """thule run, its keeper, or all of it dies."""
    script = WRECK + "mkdir new/ready; sleep 60"
    process = start(script + " & wait; exit 1")
    made("new/ready")
    process.kill()
    process.wait()
    settled()
    check(before, "the death of thule run")

    process = start(script, stderr=subprocess.DEVNULL)
    made("new/ready")
    os.kill(children(process.pid)[0], signal.SIGKILL)
    equal(137, process.wait(timeout=120), "exit status without a keeper")
    settled()
    check(before, "the death of the keeper")


def host_down(before):
    process = start(WRECK + "cd /; mkdir $OLDPWD/new/ready; exec sleep 60")
    made("new/ready")
    keeper = children(process.pid)[0]
    # As long as it runs, a mount lets it be.
    shell("remount_fs")
    equal([["1"]], sql("select count(*) from thule.run where ended_at is null"), "runs that go on over a remount")
    equal(True, os.path.isdir(path("new")), "what a run did that goes on")
    # Nobody who could undo it is left before the command has lost its keeper.
    stop(process.pid)
    shell("kill_daemon")
    os.kill(keeper, signal.SIGKILL)
    process.kill()
    process.wait()
    equal([["1"]], database("select count(*) from thule.run where ended_at is null"), "runs without an end")
    shell("mount_fs")
    settled()
    check(before, "a host that went down")
    equal([["t"]], sql("select error is null from thule.request order by id desc limit 1"), "its undo")


def refused():
    environment = {**os.environ, "THULE_DB": "host=/nonexistent dbname=none"}
    process = start(f"mkdir {path('refused')}", env=environment, stderr=subprocess.PIPE)
    said = process.communicate(timeout=120)[1].decode()
    equal(1, process.returncode, f"without a database; it said {said}")
    equal(False, os.path.exists(path("refused")), "a command without a database ran")


def main():
    os.mkdir(path("dir"))
    for name in ("dir/a", "dir/b", "kept", "mode", "name"):
        write(name, name.encode() * 1000)
    before = manifest()
    fails(before)
    times = os.stat(MNT).st_atime_ns, os.stat(MNT).st_mtime_ns
    others(times)
    check(before, "runs beside others")
    killed(before)
    host_down(before)
    refused()
    run(f"mkdir {path('done')}", 0)
    equal(True, os.path.isdir(path("done")), "a command that succeeded")


main()
