#!/usr/bin/python3
# Names: every byte but / and NUL, up to 255 of them, and how SQL shows those that are not UTF-8.
# transport: uring
import errno
import os

from case import MNT, equal, fails, remount, sql

ROOT = os.fsencode(MNT)

NAMES = [
    b"new\nline", b"quote'", b'double"', b"back\\slash", b"-rf", b" leading and trailing ", b"*?[a]",
    b"$HOME", b"tab\t", "Þule-ἄκρον-雪".encode(), b"\xff\xfe", b"a\xc3", b"\\x41", b"\x01\x7f", b"...",
    b"%s", b"n" * 255, b"\xe2\x82\xac" * 85, b"\xf0\x9f\x92\xa9", b"{}", b"a,b", b"tab\tand\\back\xff", b"\xed\xa0\x80",
]


def path(name):
    return os.path.join(ROOT, name)


def check_all():
    equal(sorted(NAMES), sorted(os.listdir(ROOT)), "names that readdir gives")
    for name in NAMES:
        with open(path(name), "rb") as f:
            equal(name, f.read(), f"content of {name!r}")


def shown(name):
    """UTF-8 where it is valid and printable; backslashes, control characters and other bytes as \\xNN."""
    text = name.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")
    return "".join(f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c for c in text)


def main():
    for name in NAMES:
        with open(path(name), "wb") as f:
            f.write(name)
    fails(errno.ENAMETOOLONG, os.mkdir, path(b"n" * 256))
    fails(errno.ENAMETOOLONG, os.stat, path(b"n" * 256))
    fails(errno.ENOENT, os.mkdir, b"")
    fails(errno.EEXIST, os.mkdir, path(b"."))
    fails(errno.EEXIST, os.mkdir, path(b".."))
    fails(errno.EINVAL, os.rmdir, path(b"."))
    check_all()
    rows = sql("select encode(convert_to(path, 'UTF8'), 'hex') from thule.file where path <> '/'")
    equal(
        sorted("/" + shown(name) for name in NAMES),
        sorted(bytes.fromhex(row[0]).decode() for row in rows),
        "paths in thule.file",
    )
    rows = sql("select encode(name, 'hex') from thule.dirent where parent = 1")
    equal(sorted(name.hex() for name in NAMES), sorted(row[0] for row in rows), "names in thule.dirent")
    remount()
    check_all()
    for name in NAMES:
        os.rename(path(name), path(b"tmp"))
        os.rename(path(b"tmp"), path(name))
    check_all()


main()
