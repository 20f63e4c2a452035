"""Several hosts on this machine, for cases that say `# mount: no`. Each has a host name, a boot id, a mount namespace, and a /dev/shm, /run/thulefs
and /var/lib/thulefs of its own; all mount the database of the case, each by a proxy, so that one can be cut off.

    with Hosts("one", "two") as (one, two):
        one.mount()
        with open(two.path("f")) as f: ...     # files are reached from here, whatever host they are on
        two.run("ls", two.mountpoint)          # commands are run there
        one.kill()

What is still mounted at the end is unmounted, and its daemon has to end well; after a failure all is killed. So it is, too, where the case is killed: whatever
runs on a host dies with the case, and a mount namespace with the last process in it."""

import os
import re
import signal
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../crash"))
import namespaces  # noqa: E402 pylint: disable=wrong-import-position
from case import MNT, equal, need_root, shell, skip  # noqa: E402 pylint: disable=wrong-import-position
from other import eventually  # noqa: E402 pylint: disable=wrong-import-position
from proxy import Proxy  # noqa: E402 pylint: disable=wrong-import-position
from stopped import stop  # noqa: E402 pylint: disable=wrong-import-position

CASE_DIR = os.environ["CASE_DIR"]
LOG = os.path.join(CASE_DIR, "daemon.log")
MOUNT_SECONDS = 120


def put(host, name, text):
    """Writes a file on a host, and has it committed."""
    with open(host.path(name), "w", encoding="ascii") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())


def get(host, name):
    with open(host.path(name), encoding="ascii") as f:
        return f.read()


def shows(host, name, text):
    """Waits until the host has it."""
    eventually(f"{host.name} shows {text!r} in {name}", lambda: os.path.exists(host.path(name)) and get(host, name) == text)


class Host:
    def __init__(self, name):
        self.name = name
        self.mountpoint = os.path.join(CASE_DIR, name)
        os.mkdir(self.mountpoint)
        self.process = None  # the daemon
        self.prefix = []  # what it is run by
        self.proxy = Proxy.of_case()
        self.namespaces = namespaces.Namespaces(name, CASE_DIR)

    def path(self, *names):
        """Of a file of its mount, as seen from here."""
        return os.path.join(self.namespaces.root(self.mountpoint), *names)

    def command(self, *command):
        """As it is run from here."""
        return self.namespaces.command(*command)

    def run(self, *command, **options):
        """On the host; raises where it fails. Returns what it said, without the last line's end."""
        options = {"check": True, "stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True, "timeout": 120, **options}
        return subprocess.run(self.command(*command), **options).stdout.rstrip("\n")

    def sync(self):
        """What was renamed and removed on it is committed, too."""
        self.run("sync", self.mountpoint)

    def mount(self, options="", patience=MOUNT_SECONDS):
        """Mounts in the foreground. Raises with what the daemon said where that is no mount."""
        transport = os.environ.get("THULE_TEST_TRANSPORT", "dev")
        options = ",".join(filter(None, [options, f"transport={transport}"]))
        with open(LOG, "ab") as log:
            before = log.tell()
            self.process = subprocess.Popen(
                self.command(*self.prefix, os.environ["THULEFS"], self.proxy.source(), self.mountpoint, "-f", "-o", options),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        end = time.monotonic() + patience
        while f"{self.mountpoint} mounted: " not in self.said(before):
            if self.process.poll() is not None:
                self.process = None
                raise AssertionError(f"{self.name}: no mount: {self.said(before)}")
            if time.monotonic() > end:
                raise AssertionError(f"{self.name}: not mounted within {patience} s: {self.said(before)}")
            time.sleep(0.005)

    def refused(self, pattern, options=""):
        """A mount must fail and say something that matches."""
        try:
            self.mount(options)
        except AssertionError as e:
            if not re.search(pattern, str(e)):
                raise AssertionError(f"{self.name}: expected {pattern!r}") from e
            return
        raise AssertionError(f"{self.name} was mounted, expected {pattern!r}")

    @staticmethod
    def said(before=0):
        """What the daemons of all hosts have written to their log since."""
        with open(LOG, "rb") as log:
            log.seek(before)
            return log.read().decode(errors="replace")

    def unmount(self):
        """The daemon commits what it has, and ends."""
        process, self.process = self.process, None
        end = time.monotonic() + 60
        # What has just exited may still hold the mount for a moment.
        while subprocess.run(self.command("fusermount3", "-u", self.mountpoint), stderr=subprocess.PIPE, check=time.monotonic() > end).returncode:
            time.sleep(0.02)
        equal(0, process.wait(120), f"exit status of the daemon of {self.name}")

    def end(self, sign):
        """SIGKILL or SIGTERM; then nothing is mounted."""
        process, self.process = self.process, None
        process.send_signal(signal.SIGCONT)
        process.send_signal(sign)
        status = process.wait(120)
        if sign == signal.SIGKILL:
            equal(-signal.SIGKILL, status, f"exit status of the daemon of {self.name}")
            self.run("umount", "--internal-only", "--lazy", self.mountpoint)

    def kill(self):
        """The daemon is killed, and its dead mount removed; the host and its journal stay."""
        self.end(signal.SIGKILL)

    def stop(self):
        """The daemon stands still."""
        stop(self.process.pid)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def cut(self):
        """The connections of the daemon to the server end, and no new one is made, until mend()."""
        self.proxy.shut()
        self.proxy.cut("")

    def silence(self):
        """Nothing passes between the daemon and the server, and nobody is told, until mend()."""
        self.proxy.passing.clear()

    def mend(self):
        if self.proxy.passing.is_set():
            self.proxy.open()
        else:
            self.proxy.passing.set()

    def destroy(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.namespaces.end()


class Hosts:
    def __init__(self, *names):
        need_root()
        if not namespaces.available():
            skip("no namespaces can be made here")
        self.names = names
        self.hosts = []

    def __enter__(self):
        try:
            for name in self.names:
                self.hosts.append(Host(name))
        except BaseException:
            self.destroy()
            raise
        return self.hosts

    def destroy(self):
        for host in self.hosts:
            host.destroy()

    def unmount(self):
        """One after the other: who is alone ends what was open elsewhere and has no name."""
        mounted = [host for host in self.hosts if host.process]
        for host in mounted:
            if len(mounted) > 1 and host is mounted[-1]:
                eventually("what has no name has ended", lambda: not shell("sql", "select i.ino from thule.inode i where i.nlink = 0"))
            host.unmount()

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.unmount()
                shell("fsck")
        finally:
            self.destroy()
