#!/usr/bin/python3
# statfs says something sane, and st_blocks counts what is stored.
import os

from case import MNT, equal, path, write
from other import eventually


def main():
    st = os.statvfs(MNT)
    equal(255, st.f_namemax, "longest name")
    for what, ok in (
        ("block size", 512 <= st.f_bsize <= 1 << 20),
        ("free blocks", 0 < st.f_bavail <= st.f_bfree <= st.f_blocks),
        ("free inodes", 0 < st.f_ffree <= st.f_files),
    ):
        if not ok:
            raise AssertionError(f"{what}: {st}")
    # They follow what is written, though who asks for them never waits.
    write("much", os.urandom(8 << 20))
    eventually("8 MiB that were written in the figures", lambda: (lambda now: now.f_blocks - now.f_bfree - (st.f_blocks - st.f_bfree) >= (7 << 20) // st.f_frsize)(os.statvfs(MNT)))
    write("full", b"x" * 1_000_000)
    blocks = os.stat(path("full")).st_blocks
    if not 1_000_000 <= blocks * 512 <= 1_200_000:
        raise AssertionError(f"1,000,000 bytes are {blocks} blocks")
    os.truncate(path("full"), 0)
    equal(0, os.stat(path("full")).st_blocks, "blocks of an emptied file")


main()
