#!/usr/bin/python3
# Quotas of users, groups and directory trees: exact, also when several race to the limit; at once, and kept; and what is
# counted is what is there, whatever was done.
import errno
import json
import os
import random
import shutil
import subprocess
import sys

from case import MNT, equal, fails, path, remount, shell, skip, sql, write
from other import Other

THULE = os.environ["THULE"]
LOG = os.path.join(os.environ["CASE_DIR"], "daemon.log")
BLOCK = 4096
ADA, BOB, TEAM, CREW = 61001, 61002, 62001, 62002
DEEP = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def quota(*arguments, status=0):
    done = subprocess.run([THULE, "quota", *arguments], cwd=MNT, capture_output=True, text=True, check=False)
    equal(status, done.returncode, f"thule quota {arguments}: {done.stderr}")
    return done.stdout


def usage(name):
    rows = [q for q in json.loads(quota("list", "--json")) if q["name"] == name]
    equal(1, len(rows), f"quotas of {name}")
    return rows[0]["bytes"], rows[0]["inodes"]


def verify():
    """Every request compares what the daemon has counted with what is there."""
    quota("set", "--user", "4999", "--files", "1")
    with open(LOG, encoding="utf-8") as f:
        equal([], [line for line in f if "counted" in line], "what was counted and is not there")


def put(name, size):
    """Writes a file as far as it goes; returns how much was written."""
    fd = os.open(path(name), DEEP)
    done = 0
    try:
        while done < size:
            n = os.write(fd, b"x" * min(size - done, 100_000))
            done += n
    finally:
        os.close(fd)
    return done


def make_until_full(folder, size):
    """Files until there is no room; returns how many."""
    i = 0
    try:
        while True:
            put(f"{folder}/{os.getpid()}-{i}", size)
            i += 1
    except OSError as e:
        if e.errno != errno.EDQUOT:
            raise
    return i


def become(uid, gid, groups):
    os.setgroups(groups)
    os.setgid(gid)
    os.setuid(uid)


def user(uid, gid=TEAM, groups=()):
    other = Other()
    other.call(become, uid, gid, list(groups))
    return other


def folder(name):
    os.mkdir(path(name))
    os.chmod(path(name), 0o777)


def race(name, limit, pieces, listed, *who):
    """Two at once to the limit: they get to it, and not past it."""
    quota("set", *who, "--bytes", str(limit), "--files", "1000")
    racers = [user(ADA), user(ADA)]
    for racer in racers:
        racer.start(make_until_full, name, pieces)
    made = sum(racer.finish() for racer in racers)
    equal(True, made > 5, "files that were made")
    equal(limit, usage(listed)[0], "bytes used at the limit")
    for racer in racers:
        fails(errno.EDQUOT, racer.call, put, f"{name}/more-{racer.pid}", 1)
        racer.end()
    verify()


def attributes():
    """Extended attributes count for the owner of the file, names and values, wherever the file goes."""
    folder("x")
    quota("set", "--user", str(BOB), "--bytes", "200000")
    quota("set", "--group", str(CREW), "--bytes", "150000")
    bob = user(BOB, CREW)
    bob.call(put, "x/file", 10)
    start = usage(str(BOB))[0]
    for size in (1000, 60_000, 0, 500):
        bob.call(os.setxattr, path("x/file"), "user.one", b"v" * size)
        equal(start + len("user.one") + size, usage(str(BOB))[0], f"an attribute of {size} bytes")
    bob.call(os.setxattr, path("x/file"), "user.two", b"v" * 60_000)
    bob.call(os.setxattr, path("x/file"), "user.three", b"v" * 60_000)
    fails(errno.EDQUOT, bob.call, os.setxattr, path("x/file"), "user.four", b"v" * 60_000)
    have = len("user.oneuser.twouser.three") + 120_500
    equal(start + have, usage(str(BOB))[0], "what was refused is not counted")
    equal(BLOCK + have, usage(str(CREW))[0], "for the group, too")
    # What is counted of an inode is known without its attributes: after a mount they are not there.
    remount()
    os.chown(path("x/file"), 0, TEAM)
    equal([start - BLOCK, 0], [usage(str(BOB))[0], usage(str(CREW))[0]], "the file has another owner")
    os.chown(path("x/file"), BOB, CREW)
    remount()
    equal(start + have, usage(str(BOB))[0], "and its own again")
    os.removexattr(path("x/file"), "user.two")
    equal(start + have - 60_000 - len("user.two"), usage(str(BOB))[0], "one is removed")
    verify()
    before = usage(str(BOB))
    remount()
    subprocess.run([THULE, "run", "--tag", "attributes", "--", "rm", "x/file"], cwd=MNT, check=True)
    equal(start - BLOCK, usage(str(BOB))[0], "the file is removed")
    verify()
    for more in (["--dry-run"], ["--yes"]):
        subprocess.run([THULE, "undo", "--tag", "attributes", *more], cwd=MNT, check=True, stdout=subprocess.DEVNULL)
    equal(before, usage(str(BOB)), "and brought back")
    verify()
    quota("set", "--user", str(BOB), "--bytes", "50000")
    subprocess.run([THULE, "run", "--tag", "shorter", "--", "setfattr", "-x", "user.three", "x/file"], cwd=MNT, check=True)
    for more in (["--dry-run"], ["--yes"]):
        refused = subprocess.run([THULE, "undo", "--tag", "shorter", *more], cwd=MNT, capture_output=True, text=True, check=False)
        equal((1, True), (refused.returncode, "quota" in refused.stderr), f"an undo to more than the quota: {refused.stderr}")
    bob.end()
    quota("unset", "--user", str(BOB))
    os.unlink(path("x/file"))
    quota("unset", "--group", str(CREW))


def users():
    folder("u")
    race("u", 300 * BLOCK, 10_000, str(ADA), "--user", str(ADA))
    quota("set", "--user", str(ADA), "--files", "400")
    ada, bob = user(ADA), user(BOB)
    # What it frees, it may use; and nobody else is concerned.
    bob.call(put, "u/bob", 10 * BLOCK)
    fails(errno.EDQUOT, ada.call, put, "u/big", BLOCK)
    victims = [name for name in os.listdir(path("u")) if os.stat(path("u", name)).st_blocks][:3]
    ada.call(os.unlink, path("u", victims[0]))
    equal(3 * BLOCK, ada.call(put, "u/fits", 3 * BLOCK), "bytes that became free")
    # A hole is nothing, and a write that would go past the limit ends there.
    ada.call(os.truncate, path("u/fits"), 1 << 40)
    ada.call(os.unlink, path("u", victims[1]))
    fd = ada.call(os.open, path("u/short"), DEEP)
    equal(3 * BLOCK, ada.call(os.write, fd, b"x" * 100_000), "a write at the limit")
    fails(errno.EDQUOT, ada.call, os.write, fd, b"x")
    # Without a name it counts until it is closed.
    ada.call(os.unlink, path("u/short"))
    fails(errno.EDQUOT, ada.call, put, "u/again", 1)
    ada.call(os.close, fd)
    # The kernel tells of the close after it has returned.
    while True:
        try:
            ada.call(put, "u/now", 1)
            break
        except OSError as e:
            equal(errno.EDQUOT, e.errno, "a write after the close")
            os.unlink(path("u/now"))
    quota("set", "--user", str(ADA), "--bytes", "none", "--files", str(usage(str(ADA))[1] + 2))
    ada.call(os.mkdir, path("u/d"))
    ada.call(os.symlink, "x", path("u/s"))
    ada.call(os.link, path("u/s"), path("u/l"))
    for make, *arguments in ((os.mkdir, path("u/e")), (os.symlink, "x", path("u/t")), (os.mknod, path("u/n"))):
        fails(errno.EDQUOT, ada.call, make, *arguments)
    # Root may, and what root gives away counts.
    os.chown(path("u/bob"), ADA, -1)
    fails(errno.EDQUOT, ada.call, os.mkdir, path("u/e"))
    quota("unset", "--user", str(ADA))
    ada.call(os.mkdir, path("u/e"))
    for other in (ada, bob):
        other.end()
    verify()


def groups():
    folder("g")
    quota("set", "--group", str(CREW), "--bytes", f"{20 * BLOCK}")
    bob = user(BOB, TEAM, [CREW])
    bob.call(put, "g/mine", 15 * BLOCK)
    bob.call(put, "g/yours", 10 * BLOCK)
    bob.call(os.chown, path("g/mine"), -1, CREW)
    before = os.stat(path("g/yours"))
    fails(errno.EDQUOT, bob.call, os.chown, path("g/yours"), -1, CREW)
    equal(before, os.stat(path("g/yours")), "attributes after a chown that failed")
    equal((15 * BLOCK, 1), usage(str(CREW)), "the group's")
    os.chown(path("g"), -1, CREW)
    os.chmod(path("g"), 0o2777)
    fails(errno.EDQUOT, bob.call, put, "g/inherits", 5 * BLOCK)
    os.unlink(path("g/inherits"))
    bob.call(os.chown, path("g/mine"), -1, TEAM)
    bob.call(put, "g/inherits", 5 * BLOCK)
    bob.end()
    verify()


def trees():
    folder("t")
    os.makedirs(path("t/sub/deep"))
    write("t/sub/there", b"x" * (5 * BLOCK))
    os.link(path("t/sub/there"), path("t/again"))
    write("outside", b"x" * BLOCK)
    held = os.open(path("t/held"), DEEP)
    os.write(held, b"x" * BLOCK)
    quota("set", "t", "--bytes", "1M", "--files", "12")
    # Two directories below it, itself, a file with two names, and one that is open.
    equal((9 * BLOCK, 5), usage("/t"), "what was there")
    os.write(held, b"x" * BLOCK)
    verify()
    equal((10 * BLOCK, 5), usage("/t"), "with what was written to the file that was open")
    os.close(held)
    os.unlink(path("t/held"))
    # For root, too.
    make_until_full("t/sub/deep", 0)
    equal(12, usage("/t")[1], "files at the limit")
    fails(errno.EDQUOT, os.mkdir, path("t/sub/more"))
    quota("set", "t", "--files", "none")
    for old, new in (("outside", "t/in"), ("t/sub/there", "out"), ("t/sub", "sub")):
        fails(errno.EXDEV, os.rename, path(old), path(new))
    fails(errno.EXDEV, os.link, path("outside"), path("t/in"))
    fails(errno.EXDEV, os.link, path("t/again"), path("out"))
    subprocess.run(["mv", path("outside"), path("t/in")], check=True)
    os.rename(path("t/in"), path("t/sub/in"))
    # The tree itself goes where it wants to.
    folder("above")
    os.rename(path("t"), path("above/t"))
    equal(13, usage("/above/t")[1], "files of the tree at its new place")
    os.rename(path("above/t"), path("t"))
    # What copies without copying counts.
    write("t/source", b"x" * (100 * BLOCK))
    source = os.open(path("t/source"), os.O_RDONLY)
    os.fsync(source)
    target = os.open(path("t/target"), os.O_RDWR | os.O_CREAT)
    os.copy_file_range(source, target, 100 * BLOCK, 0, 0)
    fails(errno.EDQUOT, os.copy_file_range, source, target, 100 * BLOCK, 0, 100 * BLOCK)
    os.close(source)
    os.close(target)
    race("t", 512 * BLOCK, 30_000, "/t", "t")


def space(name):
    st = os.statvfs(path(name))
    equal(BLOCK, st.f_frsize, "size of a block")
    return st.f_blocks, st.f_bavail


def nested():
    quota("set", "t", "--bytes", "none", "--files", "5000")
    os.mkdir(path("t/own"))
    before = usage("/t")
    quota("set", "t/own", "--bytes", "16K")
    equal((before[0] - BLOCK, before[1] - 1), usage("/t"), "without the tree in it")
    equal((4, 3), space("t/own"), "blocks that statfs tells of, and those that are free")
    fails(errno.EDQUOT, put, "t/own/file", 5 * BLOCK)
    equal((4, 0), space("t/own/file"), "when it is full")
    equal((4 * BLOCK, 2), usage("/t/own"), "of the tree in it")
    quota("unset", "t/own")
    equal((before[0] + 3 * BLOCK, before[1] + 1), usage("/t"), "when it is none any more")
    verify()


def kept():
    before = usage("/t")
    quota("set", "t", "--files", str(before[1]), "--bytes", "none")
    remount()
    fails(errno.EDQUOT, os.mkdir, path("t/more"))
    shell("kill_daemon")
    shell("mount_fs")
    fails(errno.EDQUOT, os.mkdir, path("t/more"))
    equal(before, usage("/t"), "after the daemon was killed")
    shell("umount_fs")
    quota("set", "/t", "--files", str(before[1] + 1))
    shell("mount_fs")
    os.mkdir(path("t/more"))
    fails(errno.EDQUOT, os.mkdir, path("t/no more"))
    quota("set", "t", "--files", "100000")
    verify()


def undone():
    """What was there before is there again, and is counted."""
    before = usage("/t")
    subprocess.run([THULE, "run", "--tag", "wreck", "sh", "-c", "rm -r sub; mkdir new; head -c 50000 /dev/zero >new/file"],
                   cwd=path("t"), check=True)
    equal(True, usage("/t") != before, "it changes something")
    subprocess.run([THULE, "undo", "--tag", "wreck"], cwd=MNT, check=True, stdout=subprocess.DEVNULL)
    verify()
    equal(before, usage("/t"), "after undo")


def storm_step(rng, names):
    name, other = rng.choice(names), rng.choice(names)
    step = rng.randrange(9)
    if step < 3:
        with open(path(name), "ab") as f:
            f.write(b"x" * rng.choice([1, 5000, 50_000]))
    elif step == 3:
        os.truncate(path(name), rng.choice([0, 3, 10_000, 200_000]))
    elif step == 4:
        os.rename(path(name), path(other))
    elif step == 5:
        os.link(path(name), path(other))
    elif step == 6:
        os.unlink(path(name))
    elif step == 7:
        os.chown(path(name), rng.choice([-1, ADA, BOB]), rng.choice([-1, TEAM, CREW]))
    else:
        with open(path(name), "r+b") as f:
            f.seek(rng.randrange(300_000))
            f.write(b"y" * rng.choice([1, 9000]))


def storm(seed):
    rng = random.Random(seed)
    names = [f"{folder}/{i}" for folder in ("s", "s/tree", "s/tree/sub", "s/two") for i in range(8)]
    for _ in range(1500):
        try:
            storm_step(rng, names)
        except OSError as e:
            if e.errno not in (errno.ENOENT, errno.EEXIST, errno.EDQUOT, errno.EXDEV):
                raise


def storms():
    seed = random.randrange(1 << 30)
    print("seed", seed, file=sys.stderr)
    for name in ("s", "s/tree", "s/tree/sub", "s/two"):
        folder(name)
    quota("set", "s/tree", "--bytes", "300K", "--files", "8")
    quota("set", "s/two", "--bytes", "150K")
    for name in (ADA, BOB):
        quota("set", "--user", str(name), "--bytes", "10M")
    for name in (TEAM, CREW):
        quota("set", "--group", str(name), "--bytes", "10M")
    others = [Other() for _ in range(3)]
    for i, other in enumerate(others):
        other.start(storm, seed + i)
    for other in others:
        other.finish()
        other.end()
    verify()
    for name, limit in (("/s/tree", 300 << 10), ("/s/two", 150 << 10)):
        if usage(name)[0] > limit:
            raise AssertionError(f"{name} has {usage(name)} of {limit}")
    shutil.rmtree(path("s"))
    verify()


def refusals():
    for arguments in (["frob"], ["set"], ["set", "t"], ["set", "t", "--bytes", "much"], ["set", "t", "--files", "-1"],
                      ["unset", "t", "--bytes", "1"], ["set", "--user", "nobody-of-that-name", "--bytes", "1"],
                      ["set", "--user", "1", "--group", "1", "--bytes", "1"], ["list", "--user", "1"]):
        quota(*arguments, status=2)
    for arguments in (["set", "none", "--bytes", "1"], ["unset", "--user", "4998"], ["unset", "above"],
                      ["set", "t/source", "--bytes", "1"], ["set", "above", "--bytes", "none"]):
        quota(*arguments, status=1)
    equal([], sql("select * from thule.quota where name like '%above%'"), "quotas of what was refused")


def main():
    if os.geteuid() != 0:
        skip("needs root, to be several users")
    users()
    attributes()
    groups()
    trees()
    nested()
    undone()
    kept()
    refusals()
    storms()


main()
