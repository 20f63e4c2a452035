#!/usr/bin/python3
"""Does to files what it is told, one JSON array a line on stdin: [WHAT, ARGUMENT...]; answers with a line each. So
that a test can have a process of its own for each of those whose changes it tells apart."""

import json
import os
import sys

from attributes import list_of_two, set_flags
from case import FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE, RENAME_EXCHANGE, fallocate, renameat2


def write(path, off, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    os.pwrite(fd, text.encode(), off)
    os.close(fd)


def write_kept(path, off, text, kept={}):  # pylint: disable=dangerous-default-value
    """Through a descriptor that stays open."""
    if path not in kept:
        kept[path] = os.open(path, os.O_WRONLY)
    os.pwrite(kept[path], text.encode(), off)


def overwrite(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def allocate(path, mode, off, length):
    fd = os.open(path, os.O_WRONLY)
    fallocate(fd, mode, off, length)
    os.close(fd)


def copy_range(source, path, source_off, off, length):
    source_fd = os.open(source, os.O_RDONLY)
    fd = os.open(path, os.O_WRONLY)
    while length and (n := os.copy_file_range(source_fd, fd, length, source_off, off)):
        source_off, off, length = source_off + n, off + n, length - n
    os.close(fd)
    os.close(source_fd)


def set_time(path, ns):
    os.utime(path, ns=(ns, ns), follow_symlinks=False)


def set_xattr(path, name, text):
    os.setxattr(path, name, text.encode(), follow_symlinks=False)


def set_list(path, name, *of):
    os.setxattr(path, name, list_of_two(*of))


WHAT = {
    "write": write,
    "write kept": write_kept,
    "overwrite": overwrite,
    "truncate": os.truncate,
    "punch": lambda path, off, length: allocate(path, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, off, length),
    "zero": lambda path, off, length: allocate(path, FALLOC_ZERO_RANGE, off, length),
    "copy": copy_range,
    "chmod": os.chmod,
    "chown": os.lchown,
    "unlink": os.unlink,
    "rename": os.rename,
    "exchange": lambda a, b: renameat2(a, b, RENAME_EXCHANGE),
    "link": os.link,
    "symlink": os.symlink,
    "mkdir": os.mkdir,
    "rmdir": os.rmdir,
    "time": set_time,
    "setxattr": set_xattr,
    "removexattr": os.removexattr,
    "list": set_list,
    "flags": set_flags,
}


def main():
    print("ready", flush=True)
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        try:
            WHAT[what](*arguments)
            print("done", flush=True)
        except OSError as e:
            print(e, flush=True)


main()
