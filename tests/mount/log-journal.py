#!/usr/bin/python3
# thule-log@.service brings each change into the journal of systemd once and in order, also those that were made while it was away and
# whoever else writes there: its command line runs beside a real systemd-journald, which nothing else uses.
import json
import os
import re
import shutil
import subprocess

from case import LIB, MNT, equal, need_root, path, skip, sql, write
from other import eventually

JOURNALD = "/lib/systemd/systemd-journald"
UNIT = os.path.join(LIB, "..", "..", "packaging", "systemd", "thule-log@.service.in")
BINDIR, CASE_DIR = os.path.dirname(os.environ["THULE"]), os.environ["CASE_DIR"]
INSTANCE = MNT.strip("/").replace("-", "\\x2d").replace("/", "-")
ALICE = 65530


def start_journald():
    """Its sockets and files are in folders that only this case sees."""
    for folder in ("/run/systemd", "/run/log"):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    os.mkdir("/run/systemd/journal")
    os.mkdir("/run/log/journal")
    with open(os.path.join(CASE_DIR, "journald.log"), "wb") as log:
        journald = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    eventually("a journal", lambda: os.path.exists("/run/systemd/journal/stdout"))
    return journald


def command():
    """What systemd makes of ExecStart, and of SyslogIdentifier."""
    with open(UNIT, encoding="utf-8") as f:
        unit = f.read()
    script = re.search(r"^ExecStart=/bin/sh -c '(.*)' %f$", unit, re.M).group(1)
    identifier = re.search(r"^SyslogIdentifier=(.*)$", unit, re.M).group(1)
    specifiers = {"%i": INSTANCE, "%%": "%"}
    expand = lambda text: re.sub("%.", lambda m: specifiers[m.group()], text).replace("@BINDIR@", BINDIR).replace("$$", "$")
    return expand(script), expand(identifier)


class Service:
    def __init__(self):
        script, self.identifier = command()
        self.words = ["systemd-cat", f"--identifier={self.identifier}", "/bin/sh", "-c", script, MNT]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.words, cwd="/", stdin=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def ops(self):
        """Numbers of the changes in the journal, as root wrote them."""
        subprocess.run(["journalctl", "--sync"], check=True)
        said = subprocess.run(["journalctl", "--quiet", f"--identifier={self.identifier}", "--output=json", "_UID=0"], check=True,
                              capture_output=True).stdout
        return [json.loads(json.loads(line)["MESSAGE"])["op"] for line in said.splitlines()]


def there():
    return [int(row[0]) for row in sql("select op from thule.op order by op")]


def forged(service):
    """Somebody else writes with its name."""
    subprocess.run(["systemd-cat", f"--identifier={service.identifier}", "echo", '{"op":999999999,"at":"never"}'], user=ALICE, group=ALICE,
                   extra_groups=[], cwd="/", check=True)


def main():
    need_root()
    if not os.path.exists(JOURNALD) or not shutil.which("systemd-cat") or not os.path.exists("/etc/machine-id"):
        skip("there is no journal of systemd")
    journald = start_journald()
    service = Service()
    try:
        def one_more():
            write("begin", b"x")
            return service.ops()
        first = eventually("the first change in the journal", one_more)[0]
        for i in range(50):
            write(f"{'long' * 50}\n\"{i}", b"x" * i)
        wanted = [op for op in there() if op >= first]
        eventually("the changes", lambda: service.ops() == wanted)
        service.kill()
        os.rename(path("begin"), path("while it was away"))
        forged(service)
        service.start()
        write("again", b"x")
        wanted = [op for op in there() if op >= first]
        eventually("all changes, each once", lambda: service.ops() == wanted)
        service.kill()
        equal(wanted, service.ops(), "changes in the journal")
    finally:
        journald.terminate()
        journald.wait()


main()
