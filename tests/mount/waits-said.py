#!/usr/bin/python3
"""A command that waits says for whom: behind somebody's lock, as a prune behind another prune. Status has lag, rate, sizes, what is kept of
the past and the last error, and of several mounts that of DIR alone decides its exit status."""
import fcntl
import json
import os
import signal
import subprocess

from case import MNT, equal, shell, sql, write

THULE = os.environ["THULE"]


def status(*arguments, code=0):
    done = subprocess.run([THULE, "status", *arguments, "--json"], capture_output=True, text=True, timeout=120, check=False)
    equal(code, done.returncode, f"exit status of thule status {arguments}: {done.stdout}")
    return json.loads(done.stdout)


def behind_a_lock():
    """The holder lets go when it has read a line."""
    write("f", b"1")
    write("f", b"2")
    shell("sync_fs")
    holder = subprocess.Popen([THULE, "sql", "-Atq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, PGAPPNAME="the other prune"))
    holder.stdin.write("begin; lock table thule.history_lock; select 'locked';\n")
    holder.stdin.flush()
    equal("locked\n", holder.stdout.readline(), "the lock")
    last = "op:" + sql("select max(op) from thule.op")[0][0]
    waiting = subprocess.Popen([THULE, "prune", "--before", last], cwd=MNT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = waiting.stderr.readline()
    if "waits for" not in said or "history_lock" not in said:
        raise AssertionError(f"prune behind a lock said {said!r}")
    equal(None, waiting.poll(), "it waits still")
    holder.stdin.close()
    equal(0, holder.wait(60), "the holder")
    out, err = waiting.communicate(timeout=120)
    equal(0, waiting.returncode, f"prune after it: {out!r} {err!r}")
    equal(False, "waits for" in err, "it is said once")


def behind_a_start():
    """Somebody else is starting the private server."""
    home = os.path.join(os.environ["CASE_DIR"], "home")
    os.mkdir(home, 0o755)
    with open(os.path.join(home, "lock"), "w", encoding="ascii") as lock:
        os.chmod(home, 0o755)
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen([THULE, "cluster", "start"], env=dict(os.environ, THULE_HOME=home), stderr=subprocess.PIPE, text=True)
        said = waiting.stderr.readline()
        waiting.kill()
        waiting.communicate()
    if "waiting for another thule" not in said or home not in said:
        raise AssertionError(f"a start behind another one said {said!r}")


def well():
    seen = status(MNT)
    kept = seen["filesystem"]
    equal(True, {"present", "history", "log", "blobs"} <= set(kept["table_bytes"]), "sizes")
    equal(True, kept["changes_last_minute"] >= 3, f"changes of the last minute: {kept['changes_last_minute']}")
    equal(True, kept["pruned_op"] > 0 and kept["pruned_before"] is not None, "what was pruned")
    equal(True, kept["pruned_at"] >= kept["pruned_before"], "when it was pruned")
    equal(float, type(seen["lag_seconds"]), "the lag")
    equal([True, True, None], ["last_error" in seen, "last_error_at" in seen, seen["error"]], "errors")
    text = subprocess.run([THULE, "status", MNT], capture_output=True, text=True, check=True).stdout
    for word in ("lag ", "rate ", "tables ", "past ", "history "):
        equal(True, word in text, f"{word} in {text}")


def others_are_dead():
    """Another mount of the database whose daemon stands still."""
    other = os.path.join(os.environ["CASE_DIR"], "other")
    os.mkdir(other)
    subprocess.run([THULE, "mount", os.environ["THULE_DB"], other, "-o", "at=now"], check=True, timeout=120)
    pids = subprocess.run(["pgrep", "-f", f"thulefs.* {other}"], capture_output=True, text=True, check=True).stdout.split()
    for pid in pids:
        os.kill(int(pid), signal.SIGKILL)
    status(MNT)
    equal(None, status(MNT)["error"], "of the one that is well")
    status(other, code=1)
    subprocess.run(["umount", "-l", other], check=True)


behind_a_lock()
behind_a_start()
well()
others_are_dead()
