#!/usr/bin/python3
"""Questions about the past that were answered wrongly or refused: of the future, of what needed no restore, of two instants
the later first; and names as the shell gives them, in every command that takes one."""
import json
import os
import subprocess

from case import equal, path, sql, write

THULE = os.environ["THULE"]


def thule(*arguments, fails=None):
    done = subprocess.run([THULE, *arguments], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    out, err = os.fsdecode(done.stdout), os.fsdecode(done.stderr)
    equal(bool(fails), done.returncode != 0, f"thule {arguments}: {done.returncode}, {err!r}")
    if fails and fails not in err:
        raise AssertionError(f"thule {arguments}: no {fails!r} in {err!r}")
    return out


def op():
    return "op:" + sql("select max(op) from thule.op")[0][0]


def nothing_to_do():
    """What did nothing has no tag by which it could be undone."""
    write("f", b"as it should be")
    then = op()
    result = json.loads(thule("restore", path("f"), "--at", then, "--json"))
    equal((0, None), (result["ops"], result["tag"]), "a restore of what is as it was")
    write("f", b"changed")
    result = json.loads(thule("restore", path("f"), "--at", then, "--json"))
    equal(True, result["ops"] > 0, "a restore of what is not")
    back = json.loads(thule("undo", "--tag", result["tag"], "--json"))
    equal(True, back["ops"] > 0, "its tag undoes it")


def future():
    """Every function of a time."""
    for call in ("count(*) from thule.file_at({})", "thule.content('/f', {})", "thule.resolve('/f', {})", "thule.path(1, {})",
                 "count(*) from thule.diff(now(), {})", "count(*) from thule.diff({}, now())"):
        for time in ("now() + interval '1 hour'", "'infinity'"):
            said = refused("select " + call.format(time))
            if "is in the future" not in said:
                raise AssertionError(f"{call} of {time}: {said!r}")
        equal(1, len(sql("select " + call.format("now()"))), f"{call} of now")
    thule("ls", path(), "--at", "2999-01-01", fails="in the future")


def refused(query):
    done = subprocess.run([THULE, "sql", "-Atc", query], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else "answered: " + done.stdout


def way_back():
    os.mkdir(path("w"))
    write("w/changed", b"12")
    write("w/old", b"")
    write("w/goes", b"1")
    first = op()
    write("w/changed", b"1234")
    os.rename(path("w/old"), path("w/new"))
    os.unlink(path("w/goes"))
    write("w/comes", b"")
    last = op()

    def rows(a, b):
        found = json.loads(thule("diff", a, b, path("w"), "--json"))
        return sorted((r["change"], r["path"], r["old_path"] or "", r["old_size"], r["new_size"]) for r in found if r["path"] != "/w")

    swapped = {"added": "removed", "removed": "added"}
    there, back = rows(first, last), rows(last, first)
    equal({"added", "removed", "renamed", "modified"}, {r[0] for r in there}, "what is different")
    equal(sorted((swapped.get(c, c), (o if c == "renamed" else p), (p if c == "renamed" else ""), n, s) for c, p, o, s, n in there),
        back, "the way back")
    equal([["4"]], sql(f"select count(*) from thule.diff((select at from thule.op where op = {last[3:]}), "
        f"(select at from thule.op where op = {first[3:]}), '/w') where path <> '/w'"), "in SQL")
    thule("diff", last, first, "--stat")


def names():
    """In the mount, and from the root of the filesystem, where escapes are understood, too."""
    for name in ("tab\there", "new\nline", "it's", 'a "quote"', "back\\slash", "\\x", "byte\udcff", " blank ", "$x;`", "-dash"):
        os.mkdir(path(name))
        write(name + "/f", b"1")
        then = op()
        write(name + "/f", b"22")
        for f in (path(name, "f"), f"/{name}/f"):
            equal("1", thule("cat", f, "--at", then), f"cat {f!r}")
            equal(1, len(json.loads(thule("ls", f, "--at", then, "--json"))), f"ls {f!r}")
            shown = json.loads(thule("stat", f, "--at", then, "--json"))["path"]
            equal("1", thule("cat", shown, "--at", then), f"cat of what stat printed: {shown!r}")
            equal(True, len(json.loads(thule("log", f, "--json"))) > 1, f"log {f!r}")
            thule("blame", f)
            equal(1, len(json.loads(thule("diff", then, "now", f, "--json"))), f"diff {f!r}")
            thule("tar", f, "--at", then)
            thule("restore", f, "--at", then, "--dry-run")
            thule("restore", f, "--at", then, "--to", f + ".copy")
            os.unlink(path(name, "f.copy"))
            thule("undo", "--since", then, f, "--dry-run")
            thule("hold", f)
            thule("hold", "--release", f)
            thule("prune", "--keep", "1d", f, "--dry-run")
        thule("quota", "set", path(name), "--files", "1000")
        thule("quota", "unset", "/" + name)


nothing_to_do()
future()
way_back()
names()
