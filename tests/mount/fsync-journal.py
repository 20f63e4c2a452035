#!/usr/bin/python3
# -o fsync=journal: fsync waits for the disk of the journal and not for the database. What the host loses when its power
# fails is played: the journal is on a filesystem in a file, of which a copy is made at some instant, with the daemon
# stopped and nothing flushed. Then daemon and server are killed, and the copy takes its place, as of a host that has
# started again. All that was fsynced is there, and nothing half done.
# db: private
# mount: no
import contextlib
import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import threading
import time

from case import equal, need_root, path, shell, skip, write
from locked import Locked
from other import eventually
from stopped import stop

need_root()
CASE_DIR = os.environ["CASE_DIR"]
ROUNDS = 4
FIBMAP = 1
BLOCK = 4096
seed = int(os.environ.get("THULE_SEED", random.randrange(1 << 30)))
print("seed", seed)
chance = random.Random(seed)
image, copy, disk = (f"{CASE_DIR}/{name}" for name in ("image", "copy", "disk"))


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def mount_disk(file):
    """False: no loop device is to be had."""
    return subprocess.run(["mount", "-o", "loop", file, disk], check=False).returncode == 0


def record(i):
    """Of its own length and content, so that half a one is seen."""
    return b"%d:" % i + bytes([i % 251]) * (i * 37 % 9000) + b"\n"


class Writer(threading.Thread):
    """Appends records, each with an fsync, and knows how many came back. `before` of them were there."""

    def __init__(self, name, before):
        super().__init__(daemon=True)
        self.name_of_file = name
        self.done = self.begun = before
        self.stop = False

    def run(self):
        fd = os.open(path(self.name_of_file), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            while not self.stop:
                self.begun += 1
                os.write(fd, record(self.begun - 1))
                os.fsync(fd)
                self.done += 1
        except OSError:  # the daemon was killed
            pass


class Stream(threading.Thread):
    """Writes beside them, and never syncs, so that pages of the journal are used again and again."""

    def __init__(self):
        super().__init__(daemon=True)

    def run(self):
        data = os.urandom(100000)
        try:
            for i in range(100000):
                write(f"stream{i % 10}", data)
        except OSError:
            pass


def forget_boot():
    """The host has started since: what the header says of it is another's."""
    with open("/proc/sys/kernel/random/boot_id", "rb") as f:
        boot = f.read().strip()
    for name in os.listdir(disk):
        if not name.endswith(".journal"):
            continue
        with open(f"{disk}/{name}", "r+b") as f:
            header = f.read(4096)
            f.seek(header.index(boot))
            f.write(b"0" * len(boot))
            return
    raise AssertionError("no journal on the disk")


def crash(writers):
    """Power fails. Returns what each writer had been told by then."""
    pid = int(shell("daemon_pid"))
    stop(pid)
    told = [writer.done for writer in writers]
    shutil.copyfile(image, copy)
    os.kill(pid, signal.SIGKILL)
    shell("private_pg_ctl", "stop", "-m", "immediate")
    shell("wait_daemon_gone")
    run("fusermount3", "-uz", os.environ["MNT"])
    for writer in writers:
        writer.stop = True
        writer.join(30)
    run("umount", disk)
    os.rename(copy, image)
    mount_disk(image)
    forget_boot()
    print("told:", told)
    shell("start_db")
    return told


def check(writers, told):
    """Each file has at least the records that were told, and after them no more than the beginning of the next,
    because the kernel may pass one write on as several. Returns how many are whole."""
    counts = []
    for writer, least in zip(writers, told):
        with open(path(writer.name_of_file), "rb") as f:
            data = f.read()
        count, at = 0, 0
        while at < len(data) and data[at:].startswith(record(count)):
            at += len(record(count))
            count += 1
        if not record(count).startswith(data[at:]):
            raise AssertionError(f"{writer.name_of_file} has other bytes in record {count}")
        os.truncate(path(writer.name_of_file), at)
        if not least <= count <= writer.begun:
            raise AssertionError(f"{writer.name_of_file}: {least} records were fsynced, {count} are there")
        counts.append(count)
    return counts


def crash_again_and_again():
    counts = [0, 0]
    for number in range(ROUNDS):
        writers = [Writer(f"file{i}", counts[i]) for i in range(2)]
        # Half of the time the database gets nothing, so that all is in the journal.
        batches = Locked("op", mode="exclusive") if number % 2 else None
        if not batches:
            Stream().start()
        for writer in writers:
            writer.start()
        end = time.monotonic() + 60
        while any(writer.done < counts[i] + 50 for i, writer in enumerate(writers)):
            if time.monotonic() > end:
                raise AssertionError("fsync waits for the database")
            time.sleep(0.01)
        time.sleep(chance.random() * 0.1)
        told = crash(writers)
        if batches:
            batches.psql.kill()
            batches.psql.wait()
        shell("mount_fs")
        counts = check(writers, told)


def disk_did():
    """Requests, flushes among them, and flushes that the disk of the journal was asked for so far."""
    with open("/proc/mounts", encoding="utf-8") as f:
        device = next(line.split()[0] for line in f if line.split()[1] == disk)
    with open(f"/sys/class/block/{os.path.basename(device)}/stat", encoding="ascii") as f:
        fields = [int(field) for field in f.read().split()]
    return fields[4], fields[15]


def one_flush_each():
    """An fsync is one write and one flush, in place of blocks that were written before."""
    fd = os.open(path("one"), os.O_CREAT | os.O_WRONLY)
    os.fsync(fd)
    run("sync", "-f", disk)
    requests, flushes = disk_did()
    for i in range(300):
        os.pwrite(fd, b"%d" % i * 100, 0)
        os.fsync(fd)
    requests, flushes = (now - before for now, before in zip(disk_did(), (requests, flushes)))
    # The kernel writes its own now and then, of the half of the journal that is mapped.
    if requests > 750 or not 300 <= flushes <= 375:
        raise AssertionError(f"{requests} requests and {flushes} flushes for 300 fsyncs")
    os.close(fd)


def logged(text):
    with open(f"{CASE_DIR}/daemon.log", encoding="utf-8", errors="replace") as f:
        return text in f.read()


def spoil(memory, file):
    """The blocks of a journal's log are gone from the image, which has no room for others: so they cannot be written."""
    fd = os.open(f"{disk}/{file}", os.O_RDONLY)
    half = os.fstat(fd).st_size // 2
    blocks = [struct.unpack("i", fcntl.ioctl(fd, FIBMAP, struct.pack("i", number)))[0]
              for number in range(half // BLOCK, 2 * half // BLOCK)]
    while blocks:
        length = next((n for n, block in enumerate(blocks) if block != blocks[0] + n), len(blocks))
        run("fallocate", "--punch-hole", "-o", str(blocks[0] * BLOCK), "-l", str(length * BLOCK), f"{memory}/image")
        del blocks[:length]
    os.close(fd)
    filler = os.open(f"{memory}/filler", os.O_CREAT | os.O_WRONLY)
    with contextlib.suppress(OSError):
        while True:
            os.write(filler, bytes(BLOCK))
    os.close(filler)


def disk_fails():
    """What the journal's disk does not take is no success: the fsync goes by the database, and so do those after it."""
    memory = f"{CASE_DIR}/memory"
    os.mkdir(memory)
    run("mount", "-t", "tmpfs", "-o", "size=28m", "tmpfs", memory)
    try:
        with open(f"{memory}/image", "wb") as f:
            f.truncate(26 << 20)
        run("mkfs.ext4", "-q", "-F", "-b", str(BLOCK), "-O", "^has_journal", f"{memory}/image")
        run("mount", "-o", "loop", f"{memory}/image", disk)
        os.environ["THULE_TEST_OPTIONS"] = f"fsync=journal,journal={disk},journal=4M"
        shell("mount_fs")
        fd = os.open(path("fails"), os.O_CREAT | os.O_WRONLY)
        os.fsync(fd)
        spoil(memory, next(name for name in os.listdir(disk) if name.endswith(".journal")))
        for number in range(3):
            batches = Locked("op", mode="exclusive")
            done = threading.Event()
            os.pwrite(fd, b"%d" % number, number)
            syncer = threading.Thread(target=lambda done=done: (os.fsync(fd), done.set()), daemon=True)
            syncer.start()
            eventually("the flush fails", lambda: logged("fsync waits for the database from now on"))
            batches.waited_for()
            equal(False, done.is_set(), "an fsync that neither disk has is over")
            batches.release()
            equal(True, done.wait(60), "fsync by the database")
            equal(str(number + 1), shell("sql", "select size from thule.file where path = '/fails'").strip(), "bytes there")
        os.close(fd)
        shell("umount_fs")
    finally:
        subprocess.run(["fusermount3", "-uzq", os.environ["MNT"]], check=False)
        subprocess.run(["umount", "-l", disk], check=False)
        subprocess.run(["umount", "-l", memory], check=False)


def refused():
    """No disk, no promise."""
    name = f"/dev/shm/thule-refused-{os.getpid()}"
    out = subprocess.run([os.environ["THULE"], "mount", os.environ["MNT"], "-o", f"fsync=journal,journal={name}"],
                         check=False, capture_output=True, text=True)
    if out.returncode != 1 or "would be in memory" not in out.stderr:
        raise AssertionError(f"a journal in memory: {out}")
    equal(False, os.path.exists(name), "a file was left")


os.mkdir(disk)
with open(image, "wb") as f:
    f.truncate(64 << 20)
run("mkfs.ext4", "-q", "-F", image)
if not mount_disk(image):
    skip("no loop device can be had here")
try:
    refused()
    os.environ["THULE_TEST_OPTIONS"] = f"fsync=journal,journal={disk},journal=8M"
    shell("mount_fs")
    if "fsync=journal" not in subprocess.run([os.environ["THULE"], "status", os.environ["MNT"]], check=True,
                                             capture_output=True, text=True).stdout:
        raise AssertionError("thule status does not say fsync=journal")
    one_flush_each()
    crash_again_and_again()
    shell("umount_fs")
finally:
    subprocess.run(["fusermount3", "-uzq", os.environ["MNT"]], check=False)
    subprocess.run(["umount", "-l", disk], check=False)
disk_fails()
