#!/usr/bin/python3
# Each op is an instant, also where many were committed together: sizes, bytes, times and link counts are those after it.
import os
import subprocess

from case import MNT, equal, path, sql
from locked import Locked

THULE = os.environ["THULE"]


def together(function):
    """Calls it while the drain waits, so that what it does is one batch. Returns its first op."""
    sync_all()
    first = int(sql("select next_op from thule.superblock")[0][0])
    lock = Locked("superblock", mode="exclusive")
    with open(path("first"), "wb"):  # the batch that waits
        pass
    lock.waited_for()
    function()
    lock.release()
    sync_all()
    return first + 1


def sync_all():
    fd = os.open(MNT, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def stat_of(name, follow=True):
    st = os.stat(path(name), follow_symlinks=follow)
    return {"mode": st.st_mode, "nlink": st.st_nlink, "size": st.st_size, "blocks": st.st_blocks,
            "mtime": st.st_mtime_ns, "ctime": st.st_ctime_ns}


class Steps:
    """What a file and a directory were after each step."""

    def __init__(self, name):
        self.name, self.seen = name, []

    def step(self):
        data = None
        if not os.path.isdir(path(self.name)):
            with open(path(self.name), "rb") as f:
                data = f.read()
        self.seen.append((stat_of(self.name), data))

    def check(self, first):
        """Step i was op first + i."""
        for i, (then, data) in enumerate(self.seen):
            op = first + i
            equal(then, stat_of(f".thule/at/op:{op}/{self.name}"), f"{self.name} at op {op}, in .thule/at")
            at = int(sql(f"select (extract(epoch from at) * 1000000)::bigint from thule.op where op = {op}")[0][0]) * 1000
            equal(then["ctime"], at, f"ctime of {self.name} and time of op {op}")
            row = sql(f"select i.size, i.nlink, i.mtime_ns from thule_internal.inode_at_op(thule.resolve_at_op('/{self.name}', {op}), {op}) i")
            equal([[str(then[k]) for k in ("size", "nlink", "mtime")]], row, f"{self.name} at op {op}, in SQL")
            if data is not None:
                equal(data, open(path(f".thule/at/op:{op}/{self.name}"), "rb").read(), f"bytes of {self.name} at op {op}")
                out = subprocess.run([THULE, "cat", path(self.name), "--at", f"op:{op}"], check=True, capture_output=True).stdout
                equal(data, out, f"thule cat {self.name} --at op:{op}")


def writes(name, *pieces):
    """Through one descriptor: (offset, bytes), or a size to cut it to."""
    steps = Steps(name)

    def run():
        fd = os.open(path(name), os.O_RDWR)
        for piece in pieces:
            if isinstance(piece, int):
                os.ftruncate(fd, piece)
            else:
                os.pwrite(fd, piece[1], piece[0])
            steps.step()
        os.close(fd)

    open(path(name), "wb").close()
    first = together(run)
    steps.check(first)


def directory():
    steps = Steps("q")

    def run():
        for i in range(4):
            os.mkdir(path("q", str(i)))
            steps.step()
        open(path("q", "f"), "wb").close()
        steps.step()
        os.rename(path("q", "f"), path("q", "g"))
        steps.step()
        os.rmdir(path("q", "2"))
        steps.step()
        os.rename(path("q", "1"), path("q", "0"))
        steps.step()

    os.mkdir(path("q"))
    first = together(run)
    steps.check(first)


def times():
    """At any time, too: no size of the future."""
    rows = sql("select o.at, o.op, coalesce(i.size, -1) from thule.op o left join lateral"
               " thule_internal.inode_at_op(thule.resolve_at_op('/append', o.op), thule.op_at(o.at)) i on true"
               " where o.ino = thule.resolve('/append') and o.kind = 10 order by o.op")
    equal([str(10 * (i + 1)) for i in range(8)], [row[2] for row in rows], "sizes at the times of the writes")


def main():
    writes("append", *((i * 10, b"%010d" % i) for i in range(8)))
    writes("order", (0, b"a" * 10), (140, b"b" * 10), (100, b"c" * 10), (5, b"d" * 10), (100, b"e" * 50), 60, (60, b"f" * 7), 90, (3, b"g"))
    writes("large", *((i * 100000, bytes([i]) * 100000) for i in range(5)), (50000, b"x" * 200000))
    directory()
    times()
    equal([], sql("select * from thule.fsck"), "findings of fsck")


main()
