#!/usr/bin/python3
# Short-lived processes delete files at full speed, some of them after exec, as several users: the log has each
# delete once, with the right pid, program and user. WHO_MANY says how many.
# options: allow_other
# timeout: 900
import os
import subprocess
import sys
import time

from case import equal, path, sql, MNT

COUNT = int(os.environ.get("WHO_MANY", "3000"))
WORKERS = 4
AT_ONCE = 8
UNLINK = "/usr/bin/unlink"
USERS = [0, 65531, 65532] if os.geteuid() == 0 else [os.geteuid()]


def delete(name, user, program):
    """Starts a process that deletes a file; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if user != os.geteuid():
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        if program:
            os.execv(program, [program, path("many", name)])
        os.unlink(path("many", name))
    finally:
        os._exit(1 if os.path.exists(path("many", name)) else 0)


def work(worker, out):
    """Deletes every WORKERS-th file, and writes down who did it."""
    mine = os.readlink("/proc/self/exe")
    other = os.path.realpath(UNLINK)
    alive = set()
    for number in range(worker, COUNT, WORKERS):
        if len(alive) == AT_ONCE:
            pid, status = os.wait()
            equal(0, status, f"process {pid}")
            alive.discard(pid)
        user = USERS[number // WORKERS % len(USERS)]
        program = UNLINK if number // WORKERS % 4 == 3 else None
        pid = delete(str(number), user, program)
        alive.add(pid)
        print(number, pid, user, other if program else mine, sep="\t", file=out)
    for _ in alive:
        pid, status = os.wait()
        equal(0, status, f"process {pid}")


def run_workers():
    files = [f"{os.environ['CASE_DIR']}/worker-{worker}" for worker in range(WORKERS)]
    pids = []
    for worker, name in enumerate(files):
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            with open(name, "w", encoding="ascii") as out:
                work(worker, out)
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        equal(0, os.waitpid(pid, 0)[1], "exit status of a worker")
    rows = ""
    for name in files:
        with open(name, encoding="ascii") as f:
            rows += f.read()
    return rows


def main():
    os.mkdir(path("many"))
    os.chmod(path("many"), 0o777)
    os.chmod(MNT, 0o755)
    for number in range(COUNT):
        os.close(os.open(path("many", str(number)), os.O_CREAT | os.O_WRONLY, 0o666))
    started = time.monotonic()
    rows = run_workers()
    seconds = time.monotonic() - started
    sql("create table public.expected (name text, pid integer, uid bigint, exe text)")
    subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", os.environ["THULE_SOURCE"],
         "-c", "copy public.expected from stdin"],
        input=rows, text=True, check=True,
    )
    counts = sql(
        "select count(*), count(e.name), count(a.op), count(distinct a.actor),"
        " count(*) filter (where a.pid = e.pid and a.exe = e.exe and a.uid = e.uid)"
        " from public.expected e full join ("
        "  select o.op, o.name, o.actor, c.pid, c.exe, c.uid from thule.op o"
        "  join thule.op_kind k on k.id = o.kind join thule.actor c on c.id = o.actor where k.name = 'unlink'"
        " ) a on a.name = convert_to(e.name, 'UTF8')"
    )
    print(f"{COUNT} deletes by as many processes in {seconds:.1f} s")
    equal([[str(COUNT)] * 5], counts, "deletes, expected, logged, actors and right ones")


main()
