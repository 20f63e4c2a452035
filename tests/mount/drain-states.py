#!/usr/bin/python3
# db: private
"""The drain in each of its states while its session ends, its server stops, a job is asked for, or the filesystem is
unmounted: nothing hangs, what was acknowledged is in the database once, and what cannot be is said."""

import errno
import os
import re
import subprocess

from case import MNT, equal, fails, path, read, shell, write
from other import Other, eventually
from stopped import go_on, stop

THULE = os.environ["THULE"]
DAEMON_LOG = os.path.join(os.environ["CASE_DIR"], "daemon.log")
# While it performs a job, its name ends with how far that is.
DRAIN = "application_name like 'thulefs drain%'"


def ask(query):
    """Without waiting for the drain."""
    return shell("sql", query)


def logged(since=0):
    with open(DAEMON_LOG, encoding="utf-8", errors="replace") as log:
        log.seek(since)
        return log.read()


def mark():
    return os.path.getsize(DAEMON_LOG)


def sync():
    fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Gate:
    """While it is shut, whatever writes to the log waits for a lock."""

    def __init__(self):
        self.session = subprocess.Popen(
            [THULE, "sql", "-XAtq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.session.stdin.write("select pg_advisory_lock(1) is not null;\n")
        self.session.stdin.flush()
        equal("t", self.session.stdout.readline().strip(), "the lock")

    def open(self):
        """Children of this process may hold its input open."""
        self.session.kill()
        self.session.wait()


def drain_waits_for_lock():
    return ask(f"select count(*) from pg_stat_activity where {DRAIN} and wait_event_type = 'Lock'") == "1"


def end_session():
    ask(f"select count(pg_terminate_backend(pid)) from pg_stat_activity where {DRAIN}")


def made_by_another(name):
    """What thule undo has to take back."""
    other = Other()
    other.call(write, name, b"first")
    other.end()
    sync()
    return other.pid


def ask_undo(pid):
    """Without waiting for what is acknowledged to be committed, as thule undo does; returns the request's number."""
    return ask(
        "with r as (insert into thule.request (kind, args)"
        f" values ('undo', jsonb_build_object('pid', {pid}, 'force', true)) returning id)"
        " select id, pg_notify('thule_request', id::text) from r"
    ).split("|")[0]


def outcome(request):
    """Returns 'done' or why it failed, and '' while it is to be done."""
    return ask(f"select case when done_at is not null then coalesce(error, 'done') else '' end from thule.request where id = {request}")


def is_undone(name):
    """The kernel is told after the commit; the command waits for that, too."""
    eventually(f"{name} is gone", lambda: not os.path.exists(path(name)))


def a_change_that_waits():
    """A process whose change is not acknowledged while a job is to be performed; None when it was."""
    other = Other()
    other.start(os.chmod, path("touched"), 0o600)
    if not other.pipe.poll(1):
        return other
    other.finish()
    other.end()
    return None


def said(process):
    """Its exit status and what it printed. A job that is waited for in vain would hang here."""
    try:
        out, _ = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out


def umount():
    return subprocess.Popen([THULE, "umount", MNT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def mount_again():
    shell("wait_daemon_gone")
    shell("mount_fs")
    equal("", ask("select * from thule.fsck"), "fsck")
    equal("t", ask("select count(*) = count(distinct op) from thule.op"), "each op is in the log once")


def check_committing():
    """The server does not answer a batch; the filesystem is unmounted meanwhile."""
    gate = Gate()
    write("committing", b"first")
    eventually("a batch waits", drain_waits_for_lock)
    backend = int(ask(f"select pid from pg_stat_activity where {DRAIN}"))
    stop(backend)
    gate.open()
    write("committing", b" second", "ab")
    going = umount()
    eventually("it is unmounted", lambda: not os.path.ismount(MNT))
    equal(None, going.poll(), "thule umount, which waits for the server")
    go_on(backend)
    status, out = said(going)
    equal(0, status, f"thule umount, which said {out!r}")
    mount_again()
    equal(b"first second", read("committing"), "what the server did not answer")


def check_retrying():
    """The server refuses batches; its session ends and a job is asked for meanwhile."""
    pid = made_by_another("undone")
    ask("""create function public.refuse() returns trigger language plpgsql as $$
           begin raise exception using errcode = 'disk_full', message = 'no room'; end $$;
           create trigger refuse before insert on thule.op for each statement execute function public.refuse()""")
    before = mark()
    write("retrying", b"kept")
    eventually("a batch is refused", lambda: "no room; trying again" in logged(before))
    fails(errno.ENOSPC, sync)
    end_session()
    eventually("the lease is back", lambda: "has the filesystem's lease again" in logged(before))
    equal(b"kept", read("retrying"), "what the server refuses")
    request = ask_undo(pid)
    waiting = eventually("changes wait for the job", a_change_that_waits)
    ask("drop trigger refuse on thule.op; drop function public.refuse()")
    equal("done", eventually("the job is done", lambda: outcome(request)), "the undo")
    waiting.finish()
    waiting.end()
    equal(True, "takes batches again" in logged(before), "the log says that the server takes batches")
    is_undone("undone")
    equal(b"kept", read("retrying"), "what the server refused")
    equal("1", ask("select count(*) from thule.dirent where name = 'retrying'"), "its name in the database")


def check_job_waits():
    """A job waits for a batch when the server goes, and does not come back before the filesystem is unmounted."""
    pid = made_by_another("waits")
    gate = Gate()
    write("reconnecting", b"kept")
    eventually("a batch waits", drain_waits_for_lock)
    request = ask_undo(pid)
    waiting = eventually("changes wait for the job", a_change_that_waits)
    before = mark()
    shell("private_pg_ctl", "stop", "-m", "immediate")
    gate.open()
    waiting.kill()
    eventually("the lease is lost", lambda: "lease is lost" in logged(before))
    status, out = said(umount())
    equal(1, status, f"thule umount, which said {out!r}")
    shell("start_db")
    mount_again()
    equal("done", eventually("the next mount does the job", lambda: outcome(request)), "the undo")
    equal(b"kept", read("reconnecting"), "what waited for the server")


def begin_job(name):
    """Has the drain perform a job that waits for a lock; returns that and the number of the request."""
    pid = made_by_another(name)
    gate = Gate()
    request = ask_undo(pid)
    eventually("the job is performed", drain_waits_for_lock)
    return gate, request


def check_performing():
    """The session ends in a job: that is a lost lease like any other."""
    gate, request = begin_job("performing")
    before = mark()
    end_session()
    eventually("the lease is lost", lambda: "lease is lost" in logged(before))
    eventually("the lease is back", lambda: "has the filesystem's lease again" in logged(before))
    gate.open()
    result = eventually("the undo ends", lambda: outcome(request))
    if result == "done":
        is_undone("performing")
    else:
        equal(True, os.path.exists(path("performing")), f"the file is there, and the undo says {result!r}")
    write("performing-2", b"goes on")
    sync()
    equal("1", ask("select count(*) from thule.dirent where name = 'performing-2'"), "a name that came after")


def status_says(pattern):
    out = subprocess.run([THULE, "status", MNT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return re.search(pattern, out.stdout)


def check_recovering():
    """The server goes in a job, and does not come back before the filesystem is unmounted."""
    gate, request = begin_job("recovering")
    shell("private_pg_ctl", "stop", "-m", "immediate")
    gate.open()
    eventually("the status says so", lambda: status_says(r"lease +lost"))
    said(umount())
    mount_again()
    equal("done", eventually("the next mount does the job", lambda: outcome(request)), "the undo")
    is_undone("recovering")


def check_overtaken():
    """Another mount has written after the session has ended in a job: nothing of ours is missing, so this one follows, and goes on when nobody else does."""
    gate, request = begin_job("overtaken")
    before = mark()
    daemon = int(shell("daemon_pid"))
    stop(daemon)
    end_session()
    ask("with other as (insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version, read_only, backend)"
        " select 'other', boot_id, pid, mountpoint, source, options, version, false, backend"
        " from thule.mount order by id desc limit 1 returning id)"
        " update thule.superblock s set mount = o.id from other o")
    gate.open()
    go_on(daemon)
    eventually("it says so", lambda: "follows the mount" in logged(before))
    write("late", b"x")
    sync()
    equal("1", ask("select count(*) from thule.dirent where name = 'late'"), "a name that came after")
    eventually("the undo ends", lambda: outcome(request))
    said(umount())
    mount_again()
    equal(b"x", read("late"), "what was written after")


ask("""create function public.gate() returns trigger language plpgsql as $$
       begin perform pg_advisory_xact_lock_shared(1); return null; end $$;
       create trigger gate before insert on thule.op for each statement execute function public.gate()""")
write("touched", b"")
check_committing()
check_retrying()
check_job_waits()
check_performing()
check_recovering()
check_overtaken()
