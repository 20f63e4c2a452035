#!/usr/bin/python3
# An ordinary user on root's mount undoes what was done to his own files, and nothing that he could not do himself.
# db: private
# options: allow_other
import json
import os
import stat
import subprocess

from attributes import set_flags
from case import equal, need_root, path, read, sql, write
from visitor import ALICE, BOB, STAFF, contains, homes, lacks, log, sh, thule

IMMUTABLE = 0x10


def last():
    return int(sql("select max(op) from thule.op")[0][0])


def since(op):
    return ["--since", f"op:{op + 1}"]


def undone(uid, *arguments):
    return json.loads(thule(uid, "undo", "--json", *arguments))


def refused(*arguments, word):
    """Nothing is done, and a sentence says why, also with --force and in a dry run."""
    before = last()
    for more in ([], ["--force"], ["--dry-run"]):
        contains(word, thule(ALICE, "undo", *arguments, *more, status=1), f"undo {arguments} {more}")
    equal(before, last(), f"the last op after undo {arguments}")


def check_own():
    sh(ALICE, "echo one >alice/f; mkdir alice/d; echo two >alice/d/g; echo keep >alice/keep")
    sh(BOB, "echo his >bob/f")
    start = last()
    sh(ALICE, "rm -r alice/d; echo bad >alice/f")
    sh(BOB, "rm bob/f")
    plan = thule(ALICE, "undo", "--dry-run", *since(start))
    contains("bring back", plan, "the plan")
    contains("/alice/d/g", plan, "the plan")
    lacks("bob", plan, "the plan")
    equal(False, os.path.exists(path("alice/d")), "a dry run does something")
    result = undone(ALICE, *since(start))
    equal((b"one\n", b"two\n"), (read("alice/f"), read("alice/d/g")), "what is back")
    equal(False, os.path.exists(path("bob/f")), "somebody else's file came back")
    # Who did that is she, as the kernel says, and not the daemon.
    rows = log(ALICE, "--tag", result["tag"])
    equal({(ALICE, ALICE, "thule")}, {(r["uid"], r["gid"], r["comm"]) for r in rows}, "who did the undo")
    contains("undo --json", rows[0]["cmdline"], "its command line")
    equal(ALICE, os.stat(path("alice/d/g")).st_uid, "its owner")
    # And it can be undone.
    undone(ALICE, "--tag", result["tag"])
    equal((b"bad\n", False), (read("alice/f"), os.path.exists(path("alice/d"))), "the undo undone")
    # What root did to her file is hers to take back as well: she could write it herself.
    write("alice/keep", b"root's")
    undone(ALICE, "--user", "0", path("alice/keep"))
    equal(b"keep\n", read("alice/keep"), "what root wrote over")
    contains("no such change", thule(ALICE, "undo", "--user", str(BOB), status=1), "what others did to theirs")
    contains("no such change", thule(ALICE, "undo", *since(16), path("closed/none"), status=1), "what is behind a closed door")


def check_places():
    """Where she could not make the change, the undo does not."""
    os.mkdir(path("shared"))
    os.chmod(path("shared"), 0o1777)
    sh(ALICE, "echo one >shared/a; mkdir alice/sub; echo two >alice/sub/b; echo three >alice/moved")
    sh(BOB, "echo bob >shared/bob")
    start = last()
    sh(ALICE, "rm shared/a; rm alice/sub/b")
    sh(BOB, "rm shared/bob")
    os.chown(path("alice/sub"), 0, 0)
    os.chmod(path("alice/sub"), 0o755)
    refused(*since(start), "--user", str(ALICE), word="/alice/sub is a directory that you may not write")
    undone(ALICE, *since(start), path("shared"))
    equal(["a"], os.listdir(path("shared")), "in a folder that all may write")
    write("alice/moved", b"changed")
    os.rename(path("alice/moved"), path("closed/secret-name"))
    refused("--user", "0", *since(last() - 2), word="may not")
    lacks("secret", thule(ALICE, "undo", "--user", "0", *since(start), status=1), "the reason")


def check_power():
    """What only root gives does not come back, and is told."""
    sh(ALICE, "echo program >alice/p; echo text >alice/q")
    os.chown(path("alice/q"), 0, 0)
    os.chown(path("alice/q"), ALICE, ALICE)
    start = last()
    os.chown(path("alice/p"), ALICE, 0)
    os.chmod(path("alice/p"), 0o6755)
    os.setxattr(path("alice/p"), "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    os.setxattr(path("alice/p"), "trusted.mark", b"t")
    os.setxattr(path("alice/p"), "user.mark", b"u")
    gone = last()
    sh(ALICE, "rm alice/p")
    result = undone(ALICE, *since(gone))
    now = os.stat(path("alice/p"))
    equal((0o755, ALICE), (stat.S_IMODE(now.st_mode), now.st_uid), "mode and owner of what came back")
    equal(["user.mark"], os.listxattr(path("alice/p")), "its attributes")
    contains("set-id bits do not come back", json.dumps(result["conflicts"]), "what is told")
    # In place: root takes the bits away, she takes that back.
    write("alice/r", b"program")
    os.chown(path("alice/r"), ALICE, ALICE)
    os.chmod(path("alice/r"), 0o4755)
    start = last()
    os.chmod(path("alice/r"), 0o700)
    undone(ALICE, *since(start), "--force")
    equal(0o755, stat.S_IMODE(os.stat(path("alice/r")).st_mode), "mode after the undo of chmod")
    # Owners stay.
    sh(ALICE, "echo x >alice/grouped")
    start = last()
    os.chown(path("alice/grouped"), -1, STAFF)
    result = undone(ALICE, *since(start), "--force")
    equal(STAFF, os.stat(path("alice/grouped")).st_gid, "group after the undo of chown")
    contains("only root changes owners", json.dumps(result["conflicts"]), "what is told")
    # A device that was hers does not come back.
    os.mknod(path("alice/null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.chown(path("alice/null"), ALICE, ALICE)
    start = last()
    sh(ALICE, "rm alice/null")
    refused(*since(start), word="was a device")


def check_before():
    """What was in a file before it was hers does not come back to her."""
    write("alice/given", b"root's secret")
    os.chmod(path("alice/given"), 0o600)
    start = last()
    write("alice/given", b"empty now")
    os.chown(path("alice/given"), ALICE, ALICE)
    for more in ([], ["--force"]):
        contains("no such change", thule(ALICE, "undo", *since(start), path("alice/given"), *more, status=1), "changes of before")
        equal(b"empty now", read("alice/given"), "a file that was given away")
    start = last()
    sh(ALICE, "echo hers >alice/given")
    undone(ALICE, *since(start))
    equal(b"empty now", read("alice/given"), "her own change undone")
    contains("no such change", thule(ALICE, "undo", "--until", f"op:{start - 1}", "--user", "0", path("alice/given"), "--force", status=1),
             "changes of before")


def check_others():
    """With --force her own files give way, and nobody else's."""
    sh(ALICE, "mkdir alice/e; echo one >alice/e/f; chmod 777 alice/e")
    start = last()
    sh(ALICE, "rm alice/e/f")
    sh(BOB, "echo bob >alice/e/f")
    contains("another file has the name", thule(ALICE, "undo", *since(start)), "without force it stays")
    contains("is not yours", thule(ALICE, "undo", *since(start), "--force", status=1), "with force")
    equal(b"bob\n", read("alice/e/f"), "his file")
    sh(ALICE, "rm -f alice/e/f; echo hers >alice/e/f")
    thule(ALICE, "undo", *since(start), "--until", f"op:{start + 1}", "--force")
    equal(b"one\n", read("alice/e/f"), "her own file in the way")


def check_limits():
    sh(ALICE, "echo one >alice/i")
    start = last()
    sh(ALICE, "echo two >alice/i")
    set_flags(path("alice/i"), IMMUTABLE)
    contains("immutable", thule(ALICE, "undo", *since(start), "--user", str(ALICE)), "what is left")
    contains("immutable", thule(ALICE, "undo", *since(start), "--user", str(ALICE), "--force", status=1), "with force")
    set_flags(path("alice/i"), 0)
    sh(ALICE, "head -c 3000000 /dev/zero | tr '\\0' x >alice/big")
    start = last()
    sh(ALICE, "rm alice/big")
    subprocess.run([os.environ["THULE"], "quota", "set", "--user", str(ALICE), "--bytes", "1M", path()], check=True,
                   stdout=subprocess.DEVNULL)
    for more in ([], ["--force"]):
        contains("quota", thule(ALICE, "undo", *since(start), *more, status=1), "over the quota")
    equal(False, os.path.exists(path("alice/big")), "what is over the quota came back")


def main():
    need_root()
    homes()
    check_own()
    check_places()
    check_power()
    check_before()
    check_others()
    check_limits()


main()
