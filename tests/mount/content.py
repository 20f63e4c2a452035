#!/usr/bin/python3
# SQL shows the files as the mount does, now and as they were.
# transport: uring
import os
import random

from case import FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, MNT, equal, fallocate, path, sql, write

rng = random.Random(5)


def instant():
    return sql("select clock_timestamp()")[0][0]


def content(name, at=None):
    argument = f", '{at}'::timestamptz" if at else ""
    return bytes.fromhex(sql(f"select encode(thule.content('/{name}'{argument}), 'hex')")[0][0])


def tree(at=None):
    source = f"thule.file_at('{at}')" if at else "thule.file"
    return sorted(
        tuple(row) for row in sql(f"select path, kind, mode, uid, gid, size, nlink from {source}")
    )


def check_columns():
    """thule.file agrees with stat(2)."""
    os.makedirs(path("d", "sub"))
    os.link(path("f"), path("d", "hard"))
    os.symlink("f", path("sym"))
    rows = sql("select path, ino, i.mode, f.uid, f.gid, f.size, f.nlink, mtime_ns"
               " from thule.file f join thule.inode i using (ino)")
    for name, *values in rows:
        st = os.lstat(MNT + name)
        expected = [st.st_ino, st.st_mode, st.st_uid, st.st_gid, st.st_size, st.st_nlink, st.st_mtime_ns]
        equal([str(value) for value in expected], values, f"stat of {name}")
    equal(6, len(rows), "number of paths")


def main():
    model = bytearray(rng.randbytes(700_000))
    write("f", model)
    equal(bytes(model), content("f"), "content of a new file")
    versions = [(instant(), bytes(model))]
    for _ in range(5):
        with open(path("f"), "r+b", buffering=0) as f:
            for _ in range(20):
                off = rng.randrange(len(model))
                data = rng.randbytes(rng.randrange(1, 30_000))[: len(model) - off]
                f.seek(off)
                f.write(data)
                model[off : off + len(data)] = data
            off, length = rng.randrange(300_000), rng.randrange(1, 90_000)
            fallocate(f.fileno(), FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, off, length)
            model[off : off + length] = bytes(length)
            size = rng.randrange(400_000, 900_000)
            f.truncate(size)
            model = model[:size] + bytearray(max(0, size - len(model)))
        equal(bytes(model), content("f"), "content now")
        versions.append((instant(), bytes(model)))
    check_columns()

    before = instant(), tree()
    equal([["1"]], sql("select count(*) from thule.file where path = '/d/hard'"), "a path in a directory")
    os.rename(path("d"), path("e"))
    os.unlink(path("f"))
    os.chmod(path("e", "hard"), 0o400)
    equal([["0"]], sql("select count(*) from thule.file where path = '/f'"), "an unlinked path")
    equal(bytes(model), content("e/hard"), "through the other link, in a renamed directory")
    equal(before[1], tree(before[0]), "the tree as it was")
    for at, data in versions:
        equal(data, content("f", at), f"content at {at}")
    equal([["/e/sub"]], sql("select thule.path(thule.resolve('/e/sub'))"), "path of a path")


main()
