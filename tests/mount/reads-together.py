#!/usr/bin/python3
# Reads here and there that come while others wait for the server are asked for together: each gets its own bytes, and one that
# cannot be had takes no other with it.
# transport: uring
import concurrent.futures
import errno
import json
import os
import random
import subprocess

from case import MNT, equal, path, remount, shell, write
from locked import Locked
from other import eventually
from statements import STATEMENTS

BLOCK, FILES, BLOCKS, READS = 4096, 4, 64, 40
EXTENT = 131072  # the second one of the last file is spoilt


def statements():
    return int(shell("sql", f"select coalesce(sum(calls), 0) from {STATEMENTS} where query like '%from thule.blob p where p.id = e.blob%'"
                            " and (query like '%$3::bigint)%' or query like '%unnest($1::bigint[], $2::bigint[]%')"))  # fmt: skip


def waiting():
    said = subprocess.run([os.environ["THULE"], "status", MNT, "--requests", "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return sum(r["operation"] == "read" for r in json.loads(said)["requests"])


def name_of(file):
    return f"f{file}"


def read(place):
    """The block's bytes, or an errno."""
    file, block = place
    fd = os.open(path(name_of(file)), os.O_RDONLY)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        return os.pread(fd, BLOCK, block * BLOCK)
    except OSError as e:
        return e.errno
    finally:
        os.close(fd)


def at_once(places):
    """What reads say that all came before any was answered, and how many statements that took."""
    remount()
    for file in range(FILES):
        os.stat(path(name_of(file)))
    before = statements()
    with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
        lock = Locked("extent", mode="access exclusive")
        answers = [pool.submit(read, place) for place in places]
        eventually(f"{len(places)} reads that wait", lambda: waiting() == len(places))
        lock.release()
        said = [a.result() for a in answers]
    return said, statements() - before


def main():
    shell("sql", "create extension if not exists pg_stat_statements")
    data = [random.Random(file).randbytes(BLOCKS * BLOCK) for file in range(FILES)]
    for file in range(FILES):
        write(name_of(file), data[file])
    shell("sync_fs")
    places = [(file, block) for file in range(FILES) for block in range(1, BLOCKS)]
    places = random.Random(7).sample(places, READS)
    said, asked = at_once(places)
    for (file, block), got in zip(places, said):
        equal(True, got == data[file][block * BLOCK : (block + 1) * BLOCK], f"the bytes of block {block} of file {file}")
    # The first is asked for by itself; two more statements are under way until it is answered.
    equal(True, 2 <= asked <= 5, f"{asked} statements for {READS} reads")

    ino = os.stat(path(name_of(FILES - 1))).st_ino
    shell("umount_fs")
    shell("sql", f"update thule.extent set blob_off = 4611686018427387904 where ino = {ino} and file_off = {EXTENT}")
    shell("mount_fs")
    said, asked = at_once(places)
    spoilt = [p for p in places if p[0] == FILES - 1 and p[1] * BLOCK >= EXTENT]
    equal(True, bool(spoilt), "reads of what is spoilt")
    for (file, block), got in zip(places, said):
        wanted = errno.EIO if (file, block) in spoilt else data[file][block * BLOCK : (block + 1) * BLOCK]
        equal(True, got == wanted, f"the bytes of block {block} of file {file} beside spoilt ones")
    shell("sql", f"update thule.extent set blob_off = 0 where ino = {ino} and file_off = {EXTENT}")


main()
