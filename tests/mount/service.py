#!/usr/bin/python3
# The programs under a service manager, by the lines of our units: each says that it is ready when it is, and not before; SIGTERM
# ends it in order. `thule cluster run` starts the server again when it dies, and daemons leave that to it. A mount whose daemon
# died is made again; the timers do what they say.
# db: private
# mount: no
import errno
import os
import re
import shlex
import signal
import socket
import subprocess


from case import LIB, MNT, equal, fails, shell
from other import eventually

THULE, CASE_DIR, HOME = os.environ["THULE"], os.environ["CASE_DIR"], os.environ["THULE_HOME"]
UNITS = os.path.join(LIB, "../../packaging/systemd")
POSTMASTER = os.path.join(HOME, "data/postmaster.pid")


def words_of(unit, name, directory):
    """A command line of a unit, as systemd makes words of it."""
    with open(os.path.join(UNITS, unit + ".in"), encoding="ascii") as f:
        line = re.search(rf"^{name}=-?(.*)$", f.read(), re.M).group(1)
    values = {"@BINDIR@": os.path.dirname(THULE), "%f": directory, "${THULE_OPTIONS}": "transport=dev", "$$": "$"}
    words = shlex.split(line)
    for there, here in values.items():
        words = [word.replace(there, here) for word in words]
    return words


def run_line(unit, name):
    """What a unit of a mount runs beside its service, in the directory that it says."""
    return subprocess.run(words_of(unit, name, MNT), cwd=MNT if unit.startswith("thule-") else "/", stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)


class Service:
    """A unit that is started, with the socket that its manager listens on. ready() tells in how many datagrams what was said."""

    def __init__(self, unit, directory=MNT, abstract=False):
        self.name = unit.split(".")[0].replace("@", "")
        address = f"{CASE_DIR}/{self.name}.notify"
        if os.path.exists(address):
            os.unlink(address)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address if abstract else address)
        self.socket.settimeout(1)
        self.log = f"{CASE_DIR}/{self.name}.log"
        environment = dict(os.environ, NOTIFY_SOCKET="@" + address if abstract else address)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(words_of(unit, "ExecStart", directory), env=environment, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def ready(self):
        while True:
            try:
                text = self.socket.recv(4096).decode()
                break
            except TimeoutError:
                equal(None, self.process.poll(), f"whether {self.name} has ended before it was ready, saying {self.said()}")
        lines = text.split("\n")
        equal(["READY=1", "STATUS"], [lines[0], lines[1].split("=")[0]], f"what {self.name} tells its manager")
        equal(2, len(lines), f"assignments in {text!r}")
        return lines[1].split("=", 1)[1]

    def said(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.ended(0)

    def ended(self, status):
        equal(status, self.process.wait(120), f"the end of {self.name}, which said {self.said()}")
        self.socket.close()


def thule(*words, directory="/"):
    return subprocess.run([THULE, *words], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)


def postmaster():
    try:
        with open(POSTMASTER, encoding="ascii") as f:
            return int(f.readline())
    except (FileNotFoundError, ValueError):
        return 0


def answers():
    return " running" in thule("cluster", "status").stdout


def check_server():
    """Without a mount: made, known by its socket, one of a kind, started again, stopped."""
    server = Service("thule-server.service", abstract=True)
    equal(HOME, server.ready(), "its status")
    equal(True, answers(), "whether the server answers once it is ready")
    second = thule("cluster", "run")
    equal(1, second.returncode, f"a second one, which said {second.stderr}")
    equal(True, "another" in second.stderr, f"that it says so: {second.stderr}")
    with open(f"/proc/{postmaster()}/environ", "rb") as f:
        equal(False, b"NOTIFY_SOCKET" in f.read(), "whether the server speaks for us")
    server.stop()
    equal(0, postmaster(), "the server after SIGTERM")
    equal(True, "stopped" in thule("cluster", "status").stdout, "that it is stopped")
    again = Service("thule-server.service")
    again.ready()
    equal(0, thule("cluster", "stop").returncode, "thule cluster stop")
    again.ended(0)


def check_mount(server):
    daemon = Service("thulefs@.service")
    status = daemon.ready()
    # It was told after the mount, so it is seen without waiting.
    equal(True, os.path.ismount(MNT), "whether it is mounted once it is ready")
    equal(True, MNT in status, f"the directory in {status!r}")
    with open(f"{MNT}/before", "w", encoding="ascii") as f:
        f.write("before")
    died = postmaster()
    os.kill(died, signal.SIGKILL)
    with open(f"{MNT}/during", "w", encoding="ascii") as f:
        f.write("during")
        f.flush()
        os.fsync(f.fileno())
    eventually("the supervisor starts the server again", lambda: "runs again" in server.said())
    equal(True, postmaster() not in (0, died), "a server of its own after the one that died")
    equal(False, "has died" in daemon.said(), f"whether the daemon does, too: {daemon.said()}")
    with open(f"{MNT}/last", "w", encoding="ascii") as f:
        f.write("last")
    daemon.stop()
    equal(False, os.path.ismount(MNT), "whether it is mounted after SIGTERM")
    equal("3", shell("sql", "select count(*) from thule.file where kind = 'file'"), "files in the database")
    journals = thule("journal", "list").stdout
    left = [text for text in re.findall(r"filesystem .*\n.*", journals) if HOME in text and not text.endswith(", empty")]
    equal([], left, "what is left in the journal when the daemon has ended")


def check_alone(server):
    """Without the supervisor the daemon's own watcher starts the server again."""
    daemon = Service("thulefs@.service")
    daemon.ready()
    server.process.kill()
    server.ended(-signal.SIGKILL)
    os.kill(postmaster(), signal.SIGKILL)
    eventually("the daemon starts the server again", lambda: "runs again" in daemon.said())
    # One that comes later takes care of the server that it finds.
    server = Service("thule-server.service")
    server.ready()
    daemon.stop()
    server.stop()
    equal(0, postmaster(), "the server at the end")


def check_again():
    """Its daemon dies, and the unit mounts again: what was acknowledged is there. A mount that lives is left alone."""
    daemon = Service("thulefs@.service")
    daemon.ready()
    equal(0, run_line("thulefs@.service", "ExecStartPre").returncode, "what comes before a start")
    equal(True, os.path.ismount(MNT), "a mount that lives")
    with open(f"{MNT}/acknowledged", "w", encoding="ascii") as f:
        f.write("yes")
    daemon.process.kill()
    daemon.ended(-signal.SIGKILL)
    fails(errno.ENOTCONN, os.statvfs, MNT)
    equal(0, run_line("thulefs@.service", "ExecStartPre").returncode, "what takes the dead mount away")
    daemon = Service("thulefs@.service")
    daemon.ready()
    with open(f"{MNT}/acknowledged", encoding="ascii") as f:
        equal("yes", f.read(), "what was acknowledged when the daemon died")
    return daemon


def pruned():
    """Once they are a second old."""
    done = run_line("thule-prune@.service", "ExecStart")
    equal(0, done.returncode, f"status of pruning, which said {done.stdout}{done.stderr}")
    return shell("sql", "select count(*) from thule.inode_history") == "0"


def check_timers(daemon):
    """Without a retention nothing is pruned; a finding of fsck fails the unit."""
    equal(1, run_line("thule-prune@.service", "ExecCondition").returncode, "whether it is pruned without a retention")
    equal(0, thule("config", "set", "retention", "1 second", directory=MNT).returncode, "thule config set")
    for i in range(3):
        with open(f"{MNT}/acknowledged", "w", encoding="ascii") as f:
            f.write(f"version {i}")
    equal(0, run_line("thule-prune@.service", "ExecCondition").returncode, "whether it is pruned with a retention")
    equal(0, thule("sync", MNT).returncode, "thule sync")
    equal(False, shell("sql", "select count(*) from thule.inode_history") == "0", "whether there are no old versions")
    eventually("old versions are pruned", pruned)
    equal(0, run_line("thule-fsck@.service", "ExecStart").returncode, "fsck of what is sound")
    shell("sql", "insert into thule.xattr (ino, name, value, valid_from, op_from) values (4711, 'user.x', '', now(), 1)")
    equal(1, run_line("thule-fsck@.service", "ExecStart").returncode, "fsck of what is not")
    shell("sql", "delete from thule.xattr where ino = 4711")
    daemon.stop()


def check_odd_name():
    directory = f"{CASE_DIR}/new\nMAINPID=1"
    os.mkdir(directory)
    daemon = Service("thulefs@.service", directory)
    equal(True, "new\\x0aMAINPID" in daemon.ready(), "the newline")
    daemon.stop()
    equal(0, thule("cluster", "stop").returncode, "thule cluster stop")


def main():
    check_server()
    server = Service("thule-server.service")
    server.ready()
    check_mount(server)
    check_alone(server)
    check_timers(check_again())
    check_odd_name()


main()
