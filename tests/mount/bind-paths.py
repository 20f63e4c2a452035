#!/usr/bin/env python3
"""A path means what it means to the kernel: below a bind mount it is a path of what was bound; what another filesystem
covers, what a chroot hides and what is no more are refused. And a mount has many names: a bind mount of the whole, one
that was moved, the second that `thule mount` makes."""

import json
import os
import shutil
import subprocess

from case import MNT, equal, need_root, path, sql, write

need_root()
CASE_DIR = os.environ["CASE_DIR"]
THULE = os.environ["THULE"]
made = []


def run(*arguments, cwd=None, says=None):
    """In a directory, nothing else says which filesystem is meant."""
    command = [THULE, *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "THULE_DB" or not cwd}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, errors="surrogateescape"
    )
    if says is not None:
        if done.returncode == 0 or says not in done.stderr:
            raise AssertionError(f"{command}: {done.returncode}, '{done.stdout}{done.stderr}' lacks '{says}'")
    elif done.returncode:
        raise AssertionError(f"{command}: {done.returncode}, {done.stderr}")
    return done.stdout


def shell(*command):
    subprocess.run(command, check=True)


def place(name):
    at = os.path.join(CASE_DIR, name)
    os.makedirs(at, exist_ok=True)
    return at


def bind(source, target):
    shell("mount", "--bind", source, target)
    made.append(target)
    return target


def unbind(target):
    shell("umount", target)
    made.remove(target)


def logged(file):
    return {c["path"] for c in json.loads(run("log", "--json", file))}


def content(file):
    return run("cat", file).strip()


def exists(name):
    return sql(f"select count(*) from thule.file where path = '{name}'") == [["1"]]


def subdirectory():
    b = bind(path("sub"), place("b"))
    equal({"/sub/f"}, logged(b + "/f"), "log")
    equal("below", content(b + "/f"), "cat")
    run("quota", "set", b + "/inner", "--bytes", "1G")
    equal([["/sub/inner"]], sql("select name from thule.quota_usage"), "quota")
    run("quota", "unset", b + "/inner")
    run("hold", b + "/f")
    equal([["/sub/f"]], sql("select thule.path(ino) from thule.hold"), "hold")
    run("hold", "--release", b + "/f")
    write("sub/f", b"changed")
    write("f", b"top changed")
    run("restore", b + "/f", "--at", "op:" + first)
    equal(b"below\n", open(path("sub/f"), "rb").read(), "restored through the bind mount")
    equal(b"top changed", open(path("f"), "rb").read(), "the one of that name at the top")
    run("erase", "--yes", b + "/f")
    equal((False, True), (exists("/sub/f"), exists("/f")), "files after erase")
    run("status", b)
    run("sync", b)
    run("log", b)
    # Of a bind mount in a bind mount, and in the filesystem itself.
    inner = bind(b + "/inner", place("inner"))
    equal("inner", content(inner + "/f"), "a bind mount of a bind mount")
    bind(path("sub/inner"), path("other"))
    equal({"/sub/inner/f"}, logged(path("other/f")), "a bind mount in the filesystem itself")
    # The kernel knows of renames that it has seen.
    os.rename(path("sub"), path("moved"))
    equal({"/sub/inner/f", "/moved/inner/f"} & logged(inner + "/f"), logged(inner + "/f"), "after a rename")
    equal("inner", content(inner + "/f"), "after a rename")
    os.rename(path("moved"), path("sub"))
    unbind(path("other"))
    unbind(inner)
    unbind(b)


def odd():
    name = "a b\\c\nd#e"
    os.mkdir(path(name))
    write(name + "/f", b"odd")
    b = bind(path(name), place("b c"))
    equal("odd", content(b + "/f"), "a name with escapes")
    unbind(b)
    open(os.path.join(CASE_DIR, "file"), "w").close()
    b = bind(path("other/f"), os.path.join(CASE_DIR, "file"))
    equal("other", content(b), "a bind mount of a file")
    run("status", b)
    os.unlink(path("other/f"))
    run("erase", "--yes", b, says="was removed")
    unbind(b)
    write("other/f", b"other")
    link = os.path.join(CASE_DIR, "link")
    os.symlink(path("sub"), link)
    equal("inner", content(link + "/inner/f"), "through a symbolic link")


def covered():
    shell("mount", "-t", "tmpfs", "none", path("sub"))
    made.append(path("sub"))
    with open(path("sub/inner"), "w") as f:
        f.write("another filesystem's")
    for command in (["erase", "--yes"], ["log"], ["cat"], ["hold"]):
        run(*command, path("sub/inner"), says="another filesystem is mounted over")
    run("log", "inner", cwd=path("sub"), says="another filesystem is mounted over")
    run("undo", "--since", "1h", "--dry-run", cwd=path("sub"), says="another filesystem is mounted over")
    unbind(path("sub"))


def chrooted():
    """The mount itself is not to be seen: its root is above ours."""
    os.mkdir(path("root"))
    shutil.copy(THULE, path("root/thule"))
    write("root/f", b"in the chroot")
    for name in ("lib", "lib64", "bin"):
        os.symlink("usr/" + name, path("root", name))
    for name in ("usr", "proc", os.environ["PGHOST"].strip("/")):
        os.makedirs(path("root", name))
        bind("/" + name, path("root", name))
    for arguments in (["erase", "--yes", "/f"], ["log", "/f"], ["log"], ["undo", "--pid", "1", "--dry-run"]):
        # A sanitizer ends where it does not find its file of suppressions.
        inside = ["-u", "TSAN_OPTIONS", *([] if arguments[-1] == "/f" else ["-u", "THULE_DB"])]
        command = ["env", *inside, "chroot", path("root"), "/thule", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0 or "cannot be seen from here" not in done.stderr:
            raise AssertionError(f"in a chroot {arguments}: {done.returncode}, {done.stdout}{done.stderr}")
    for _ in range(3):
        unbind(made[-1])
    equal(True, exists("/f"), "the file at the top")


def past():
    b = bind(path(".thule/at/op:" + first), place("b"))
    run("erase", "--yes", b + "/f", says="is of the past")
    unbind(b)
    p = place("p")
    run("mount", os.environ["THULE_SOURCE"], p, "-o", "at=op:" + first)
    made.append(p)
    run("erase", "--yes", p + "/f", says="shows the past")
    run("status", p)
    unbind(p)


def names():
    whole = bind(MNT, place("whole"))
    equal("top changed", content(whole + "/f"), "by a bind mount of the whole")
    status = json.loads(run("status", whole, "--json"))
    equal(MNT, status["filesystem"]["mount"]["mountpoint"], "the daemon that status knows")
    run("status", whole)
    run("log", cwd=whole)
    # The one that was there first goes; what is left is the same filesystem still.
    shell("umount", "-ic", MNT)
    equal("top changed", content(whole + "/f"), "once the first is gone")
    moved = place("moved")
    shell("mount", "--bind", whole, moved)
    made.append(moved)
    unbind(whole)
    equal("top changed", content(moved + "/f"), "of another directory")
    run("sync", moved)
    shell("mount", "--bind", moved, MNT)
    unbind(moved)


try:
    for name in ("sub", "sub/inner", "other"):
        os.mkdir(path(name))
    for name, text in (("f", b"top\n"), ("sub/f", b"below\n"), ("sub/inner/f", b"inner\n"), ("other/f", b"other\n")):
        write(name, text)
    [[first]] = sql("select max(op) from thule.op")
    subdirectory()
    odd()
    covered()
    chrooted()
    past()
    names()
finally:
    for target in reversed(made):
        subprocess.run(["umount", "-l", target])
