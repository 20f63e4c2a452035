#!/usr/bin/python3
"""What stands in the way of thule undo and restore beside the work of others: quotas, and the flags of chattr(1). --force passes both."""

import json
import os
import subprocess

from attributes import get_flags, set_flags
from case import equal, path, read, skip, sql, write
from other import Other

THULE = os.environ["THULE"]
LOG = os.path.join(os.environ["CASE_DIR"], "daemon.log")
IMMUTABLE, APPEND = 0x10, 0x20
ADA = 61001


def thule(*arguments, status=0):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, check=False)
    equal(status, done.returncode, f"exit status of thule {arguments}: {done.stderr}")
    return done


def change(*arguments):
    thule(*arguments, "--dry-run")
    return json.loads(thule(*arguments, "--json").stdout)


def last_op():
    return int(sql("select max(op) from thule.op")[0][0])


def sound(what):
    """Also what is counted: every request compares it with what is there."""
    equal([], sql("select * from thule.fsck"), f"fsck {what}")
    thule("quota", "set", "--user", "4999", "--files", "1")
    with open(LOG, encoding="utf-8") as f:
        equal([], [line for line in f if "counted" in line], f"what was counted and is not there, {what}")


def usage(name):
    return [(q["bytes"], q["inodes"]) for q in json.loads(thule("quota", "list", "--json").stdout) if q["name"] == name][0]


def by_another(function, *arguments):
    """Done by a process of its own, whose pid is returned."""
    other = Other()
    other.call(function, *arguments)
    other.end()
    return other.pid


def refused(what, *arguments):
    """It does nothing, and says because of which quota."""
    before = last_op()
    said = thule(*arguments, status=1).stderr
    equal(said, thule(*arguments, "--dry-run", status=1).stderr, "what a dry run says")
    thule(*arguments, "--dry-run", "--force")
    for word in (what, "quota", "--force", "nothing was changed"):
        equal(True, word in said, f"`{word}` in what is said: {said}")
    equal(before, last_op(), "the last op")


def check_tree_quota():
    os.mkdir(path("tree"))
    write("tree/large", b"l" * 100_000)
    then = last_op()
    pid = by_another(os.unlink, path("tree/large"))
    write("tree/small", b"s" * 20_000)
    thule("quota", "set", path("tree"), "--bytes", "60000")
    before = usage("/tree")
    refused("tree /tree", "undo", "--pid", str(pid))
    refused("tree /tree", "restore", path("tree/large"), "--at", f"op:{then}")
    refused("tree /tree", "restore", path("tree/large"), "--at", f"op:{then}", "--to", path("tree/copy"))
    equal((before, ["small"]), (usage("/tree"), os.listdir(path("tree"))), "after what was refused")
    thule("restore", path("tree/large"), "--at", f"op:{then}", "--to", path("elsewhere"))
    equal(100_000, len(read("elsewhere")), "a copy out of the tree")
    result = change("undo", "--pid", str(pid), "--force")
    equal(b"l" * 100_000, read("tree/large"), "with --force")
    sound("after --force")
    # Above the limit already: what makes less of it is always allowed.
    result = change("undo", "--tag", result["tag"])
    equal(before, usage("/tree"), "less again")
    thule("quota", "set", path("tree"), "--bytes", "200000")
    change("undo", "--tag", result["tag"])
    equal((before[0] + 102_400, before[1] + 1), usage("/tree"), "with a higher limit")
    sound("after undo")


def remove(*names):
    for name in names:
        os.unlink(path(name))


def check_user_quota():
    for i in range(4):
        write(f"ada{i}", b"a" * 8192)
        os.chown(path(f"ada{i}"), ADA, ADA)
    then = last_op()
    pid = by_another(remove, *[f"ada{i}" for i in range(3)])
    thule("quota", "set", "--user", str(ADA), "--files", "2")
    refused(f"user {ADA}", "undo", "--pid", str(pid))
    equal((8192, 1), usage(str(ADA)), "usage after what was refused")
    change("restore", path("ada0"), "--at", f"op:{then}")
    equal((16384, 2), usage(str(ADA)), "one may come back")
    refused(f"user {ADA}", "restore", path("ada1"), "--at", f"op:{then}")
    change("restore", path("ada1"), "--at", f"op:{then}", "--force")
    equal((24576, 3), usage(str(ADA)), "with --force one more")
    sound("after restore")


def check_atomic():
    """A run that failed leaves nothing, also where there is more than a quota allows by now."""
    thule("quota", "set", path("tree"), "--bytes", "10000")
    before = usage("/tree")
    thule("run", "--atomic", "--", "sh", "-c", f"rm {path('tree/large')}; false", status=1)
    equal((before, 100_000), (usage("/tree"), len(read("tree/large"))), "what the run has left")
    sound("after the run")


def meddle():
    for name in ("open", "frozen", "grows"):
        write(f"f/{name}", b"meddled")
        os.chmod(path(f"f/{name}"), 0o600)
        os.setxattr(path(f"f/{name}"), "user.m", b"m")
    os.rename(path("f/named"), path("f/renamed"))
    os.unlink(path("f/fixed/gone"))
    write("f/fixed/new", b"new")
    os.unlink(path("f/adds/gone"))
    write("f/adds/new", b"new")
    os.rename(path("f/fixed/moved"), path("f/moved"))
    write("f/taken", b"theirs")


def folder():
    """Files and directories, and what meddle() does to them."""
    os.makedirs(path("f/fixed"))
    os.mkdir(path("f/adds"))
    for name in ("open", "frozen", "grows", "named", "fixed/gone", "adds/gone", "fixed/moved"):
        write(f"f/{name}", b"as it was")
        os.chmod(path(f"f/{name}"), 0o644)


FROZEN = {"f/frozen": IMMUTABLE, "f/grows": APPEND, "f/renamed": IMMUTABLE, "f/fixed": IMMUTABLE, "f/adds": APPEND}


def freeze(flags=None):
    for name, value in FROZEN.items():
        set_flags(path(name), value if flags is None else flags)


def left(result):
    return sorted((c["action"], c["path"], c["detail"]) for c in result["conflicts"])


def is_left():
    equal((b"as it was", 0o644), (read("f/open"), os.stat(path("f/open")).st_mode & 0o777), "what is not frozen")
    for name in ("f/frozen", "f/grows"):
        seen = read(name), os.stat(path(name)).st_mode & 0o777, os.getxattr(path(name), "user.m")
        equal((b"meddled", 0o600, b"m"), seen, name)
    equal({name: value for name, value in FROZEN.items()}, {name: get_flags(path(name)) for name in FROZEN}, "flags")
    equal(["new"], os.listdir(path("f/fixed")), "names in an immutable directory")
    equal(["gone", "new"], sorted(os.listdir(path("f/adds"))), "names in an append-only directory")
    equal(True, os.path.exists(path("f/renamed")) and os.path.exists(path("f/moved")), "names that stay")
    equal(False, os.path.exists(path("f/taken")), "a name that is free to go")


def is_back():
    names = sorted(os.path.join(folder, n) for folder, _, files in os.walk(path("f")) for n in files)
    wanted = ["adds/gone", "fixed/gone", "fixed/moved", "frozen", "grows", "named", "open"]
    equal([path("f", n) for n in wanted], names, "names with --force")
    for name in names:
        equal((b"as it was", 0o644), (read(name), os.stat(name).st_mode & 0o777), name)
        equal([], os.listxattr(name), f"attributes of {name}")


IN_THE_WAY = sorted(
    [(action, f"/f/{name}", f"is {word}") for name, word in (("frozen", "immutable"), ("grows", "append-only")) for action in ("content", "mode")]
    + [("xattr", "/f/frozen", "user.m: is immutable"), ("xattr", "/f/grows", "user.m: is append-only"),
       ("name", "/f/renamed", "is immutable"),
       ("name", "/f/fixed/gone", "the directory is immutable"), ("remove", "/f/fixed/new", "the directory is immutable"),
       ("name", "/f/moved", "the directory is immutable"), ("remove", "/f/adds/new", "the directory is append-only")]
)


def check_undo_flags():
    folder()
    pid = by_another(meddle)
    freeze()
    plan = thule("undo", "--pid", str(pid), "--dry-run").stdout
    equal(True, "LEAVE content" in plan, f"what the plan leaves: {plan}")
    result = change("undo", "--pid", str(pid))
    equal(IN_THE_WAY, left(result), "what is left as it is")
    is_left()
    equal(len(IN_THE_WAY), len(change("undo", "--pid", str(pid))["conflicts"]), "conflicts once more")
    equal([], change("undo", "--pid", str(pid), "--force")["conflicts"], "conflicts with --force")
    is_back()
    sound("after undo of what is frozen")


def freeze_it():
    write("own", b"after")
    set_flags(path("own"), IMMUTABLE)


def check_own_flags():
    """Flags that were set by what is undone go back with the rest."""
    write("own", b"before")
    pid = by_another(freeze_it)
    equal([], change("undo", "--pid", str(pid))["conflicts"], "conflicts")
    equal((b"before", 0), (read("own"), get_flags(path("own"))), "content and flags")


def check_restore_flags():
    for name in [*FROZEN, "f/named"]:
        if os.path.exists(path(name)):
            set_flags(path(name), 0)
    subprocess.run(["rm", "-r", path("f")], check=True)
    folder()
    then = last_op()
    meddle()
    freeze()
    result = change("restore", path("f"), "--at", f"op:{then}")
    seen = [c for c in left(result) if c[0] not in ("flags", "times")]
    equal(IN_THE_WAY, seen, "what is left as it is")
    is_left()
    sound("after restore of what is frozen")
    change("restore", path("f"), "--at", f"op:{then}", "--force")
    is_back()
    equal([0, 0], [get_flags(path(n)) for n in ("f/frozen", "f/fixed")], "flags of then")
    sound("after restore with --force")


def main():
    if os.getuid():
        skip("needs root")
    check_tree_quota()
    check_user_quota()
    check_atomic()
    check_undo_flags()
    check_own_flags()
    check_restore_flags()


main()
