#!/usr/bin/python3
# Atomic runs that nobody keeps any more are undone by the daemon, whenever their processes were killed and whatever it did meanwhile;
# those that somebody keeps are left alone, wherever he is.
import os
import subprocess

from case import MNT, equal, path, shell, sql
from locked import Locked
from other import eventually
from runs import children, gone, kill_all, start

SCRIPT = f"echo A >{path('x')}; : >{path('ready')}; exec sleep 600"


def database(query):
    """Without waiting for what the daemon has not committed."""
    return shell("sql", query)


def unseen():
    """Killed before the daemon has looked at it."""
    lock = Locked("request", mode="access exclusive")
    process = start(SCRIPT)
    lock.waited_for()
    kill_all(process)
    lock.release()
    gone("SIGKILL before the daemon looked")


def look_cancelled():
    """The daemon is told of a run, and its query about that fails."""
    first = Locked("request", mode="access exclusive")
    process = start(SCRIPT)
    first.waited_for()
    second = Locked("run", mode="access exclusive")
    first.release()
    database(f"select pg_cancel_backend({second.waited_for()})")
    second.release()
    kill_all(process)
    gone("SIGKILL after a look that failed")


def uncommitted():
    """Nothing of what it did is committed when the daemon finds it abandoned."""
    lock = Locked("actor")
    process = start(SCRIPT)
    kill_all(process)
    eventually("an end of the run whose changes are not committed",
               lambda: database("select count(*) from thule.run where ended_at is null") == "0")
    lock.release()
    gone("SIGKILL before its changes were committed")


def unchanged():
    """There is nothing to undo, and that is no error."""
    before = database("select coalesce(max(id), 0) from thule.request")
    process = subprocess.Popen([os.environ["THULE"], "run", "--atomic", "--", "sh", "-c", "echo $$; exec sleep 600"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    process.stdout.readline()
    kill_all(process)
    process.stdout.close()
    gone("SIGKILL of a run that had changed nothing")
    eventually("the answer to the daemon's own request",
               lambda: database(f"select count(*) from thule.request where id > {before} and done_at is null") == "0")
    equal("0", database(f"select count(*) from thule.request where id > {before} and error is not null"), "requests that failed")


def elsewhere():
    """The keeper is in a pid namespace below that of the daemon, as in a container."""
    wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--"]
    if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return False
    process = start(SCRIPT, wrapper)
    # What the other namespaces have of the mount goes on, so that it would not end by itself.
    shell("kill_daemon")
    shell("mount_fs")
    unseen_beside(process)
    equal(True, os.path.exists(path("ready")), "what a run did that goes on in another pid namespace")
    kill_all(process)
    gone("SIGKILL of a run in another pid namespace")
    return True


def unseen_beside(process):
    """Another run ends as abandoned, and not that of the process."""
    other = subprocess.Popen([os.environ["THULE"], "run", "--atomic", "--", "sh", "-c", f"mkdir {path('other')}; exec sleep 600"],
                             stderr=subprocess.PIPE, start_new_session=True)
    eventually("what the other run does", lambda: os.path.exists(path("other")))
    kill_all(other)
    eventually("the undo of the other run", lambda: not os.path.exists(path("other")))
    equal([["1"]], sql("select count(*) from thule.run where ended_at is null"), "runs that go on")
    equal(True, bool(children(process.pid)), "the run in the other namespace lives")


def main():
    unseen()
    look_cancelled()
    uncommitted()
    unchanged()
    if os.geteuid() == 0 and not elsewhere():
        print("not tried: a pid namespace cannot be made here")
    equal([], os.listdir(MNT), "files that are left")


main()
