#!/usr/bin/python3
# All ways of reading the past agree with copies of the tree that were taken then: a random workload, with its tree
# written down at remembered instants. THULE_TEST_STEPS sets how long it runs.
# db: private
# transport: uring
import os
import re
import stat
import subprocess

from case import LIB, MNT, equal, need_root, path, remount, shell, sql
from churn import Churn

CASE_DIR, THULE = os.environ["CASE_DIR"], os.environ["THULE"]
INSTANTS = 4
STEPS = int(os.environ.get("THULE_TEST_STEPS", "40"))


def manifest(folder):
    return subprocess.run([os.path.join(LIB, "manifest"), folder], check=True, capture_output=True).stdout


def remember(tree):
    """An instant, and the tree as it is then."""
    expected = manifest(tree)
    rows = sql("select op, to_char(at, 'YYYY-MM-DD HH24:MI:SS.US TZH') from thule.op order by op desc limit 1")
    files = {}
    for folder, _, names in os.walk(os.fsencode(tree)):
        for name in names:
            full = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(full).st_mode):
                with open(full, "rb") as f:
                    files[full] = f.read()
    return {"op": int(rows[0][0]), "at": rows[0][1], "manifest": expected, "files": files}


def check_tar(instant, t):
    copy = os.path.join(CASE_DIR, "copy")
    os.mkdir(copy)
    archive = subprocess.run([THULE, "tar", path("tree"), "--at", t], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-xp", "--xattrs", "--xattrs-include=*", "--acls",
                    "--warning=no-unknown-keyword", "-C", copy], input=archive, check=True)
    equal(instant["manifest"].decode().splitlines(), manifest(copy).decode().splitlines(), f"tar at {t}")
    subprocess.run(["rm", "-rf", copy], check=True)


def check_mount(instant, t, alone):
    """The tree below .thule/at, and a mount of its own."""
    # The mount's past gives no power away: files have no set-id bits.
    wanted = re.sub(r" 0o10([0-7])([0-7]{3}) ", lambda m: f" 0o10{int(m[1]) & 1}{m[2]} ",
                    instant["manifest"].decode()).splitlines()
    equal(wanted, manifest(path(".thule", "at", t, "tree")).decode().splitlines(), f".thule/at/{t}")
    if not alone:
        return
    other = os.path.join(CASE_DIR, "other")
    os.makedirs(other, exist_ok=True)
    subprocess.run([os.environ["THULEFS"], os.environ["THULE_SOURCE"], other, "-o", f"at={t}"], check=True, stdout=subprocess.DEVNULL)
    try:
        equal(wanted, manifest(os.path.join(other, "tree")).decode().splitlines(), f"-o at={t}")
    finally:
        subprocess.run([THULE, "umount", other], check=True)


def check_cat(instant, t):
    for name, data in list(instant["files"].items())[:5]:
        out = subprocess.run([THULE, "cat", name, "--at", t], check=True, stdout=subprocess.PIPE).stdout
        equal(data, out, f"cat {name!r} at {t}")


def check_ls(instant, t):
    out = subprocess.run([THULE, "ls", path("tree"), "--at", t], check=True, stdout=subprocess.PIPE).stdout
    top = [line for line in instant["manifest"].splitlines()[1:] if b"/" not in line.split(b" 0o")[0]]
    equal(len(top), len(out.splitlines()), f"lines of ls at {t}")


def check_sql(instant):
    rows = sql("select count(*) filter (where kind = 'file'), coalesce(sum(size) filter (where kind = 'file'), 0)"
               f" from thule.file_at_op({instant['op']}) where path like '/tree/%'")
    files = instant["files"]
    equal([str(len(files)), str(sum(len(d) for d in files.values()))], rows[0], f"file_at_op({instant['op']})")
    rows = sql(f"select count(*) from thule.file_at('{instant['at']}') where path like '/tree/%'")
    equal(str(instant["manifest"].count(b"\n") - 1), rows[0][0], f"file_at('{instant['at']}')")


def check(instants):
    for i, instant in enumerate(instants):
        t = [f"op:{instant['op']}", instant["at"]][i % 2]
        check_tar(instant, t)
        check_mount(instant, t, i == 0)
        check_cat(instant, t)
        check_ls(instant, t)
        check_sql(instant)


def main():
    tree = path("tree")
    os.mkdir(tree)
    churn = Churn(tree, seed=11)
    instants = []
    for _ in range(INSTANTS):
        for _ in range(STEPS):
            churn.step()
        instants.append(remember(tree))
    check(instants)
    # All of it goes; the past does not.
    subprocess.run(["rm", "-rf", tree], check=True)
    check(instants[-1:])
    remount()
    check(instants)
    # Once while it is mounted, and once more with a daemon that knows nothing.
    shell("restart_db")
    check(instants[:1])
    remount()
    check(instants)
    equal([], os.listdir(MNT), "what is there now")


need_root()
main()
