#!/usr/bin/python3
"""Undo, restore and a failing `run --atomic` give power back only together with what had it: a file that has set-id bits or a
capability afterwards has the owner and the bytes that it had with them at some instant, whoever wrote in between."""
# options: allow_other
import itertools
import json
import os
import stat
import struct
import subprocess

from case import MNT, as_user, equal, need_root, path, shell, sql, write

USER = 65530
CAPABILITY = "security.capability"
CAPS = struct.pack("<IIIII", 0x02000001, 1 << 7, 0, 0, 0)
THULE, CASE_DIR = os.environ["THULE"], os.environ["CASE_DIR"]


def thule(*arguments):
    return json.loads(subprocess.run([THULE, *arguments, "--json"], stdout=subprocess.PIPE, check=True, text=True).stdout or "[]")


def plan(*arguments):
    out = subprocess.run([THULE, *arguments, "--dry-run", "--json"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(out)


# --- what has power, and has had it ---

def power(name):
    """Owner, group, bits, capability and bytes of a file, or None: it has no power."""
    st = os.lstat(name)
    if not stat.S_ISREG(st.st_mode):
        return None
    try:
        caps = os.getxattr(name, CAPABILITY)
    except OSError:
        caps = b""
    bits = st.st_mode & 0o6000
    with open(name, "rb") as f:
        return (st.st_uid, st.st_gid, bits, caps, f.read()) if bits or caps else None


def powers(folder):
    found = {}
    for top, _, names in os.walk(path(folder)):
        for name in names:
            found[os.path.join(top, name)] = power(os.path.join(top, name))
    return found


class Witness:
    """Remembers every combination that there was, by what all files here are told apart by: their first bytes."""

    def __init__(self):
        self.seen = set()

    def look(self, folder):
        self.seen |= {p for p in powers(folder).values() if p}

    def check(self, folder, what):
        for name, p in powers(folder).items():
            if p and p not in self.seen:
                raise AssertionError(f"{what}: {name} has {p[:4]} over {p[4]!r}, as never before")


# --- what the tag does, and what others do then ---

KINDS = {"suid": (0o4755, False), "sgid": (0o2755, False), "caps": (0o755, True), "both": (0o6711, True)}

TAGGED = {
    "chown": f'chown {USER}:{USER} "$1"',
    "bits": 'chmod a-s "$1"; setfattr -x security.capability "$1"',
    "write": 'echo tagged >"$1"',
    "patch": 'printf X | dd of="$1" bs=1 seek=2 conv=notrunc status=none',
    "chown-write": f'chown {USER}:{USER} "$1"; echo tagged >"$1"',
    "utime": 'touch -d 2020-01-01 "$1"; chmod o-x "$1"',
    "rm": 'rm "$1"',
}


def overwrite(name):
    fd = os.open(name, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, b"of the user")
    os.close(fd)


def append(name):
    with open(name, "ab") as f:
        f.write(b"of the user")


def set_bits(name):
    os.chmod(name, 0o6755)


def replace(name):
    mine = f"{name}.new"
    with open(mine, "wb") as f:
        f.write(b"of the user")
    os.chmod(mine, 0o755)
    os.rename(mine, name)


def by_link(name):
    os.link(name, f"{name}.link")
    overwrite(f"{name}.link")


def write_and_set(name):
    overwrite(name)
    set_bits(name)


LATER = {"nothing": None, "overwrite": overwrite, "append": append, "bits": set_bits, "replace": replace, "link": by_link,
         "write-bits": write_and_set}


def each(folder):
    for kind, tagged, later in itertools.product(KINDS, TAGGED, LATER):
        yield kind, tagged, later, path(folder, f"{kind}.{tagged}.{later}")


def make(folder, witness):
    os.mkdir(path(folder))
    os.chmod(path(folder), 0o777)
    for kind, _, _, name in each(folder):
        mode, caps = KINDS[kind]
        write(name, f"the program {os.path.basename(name)}\n".encode())
        os.chmod(name, mode)
        if caps:
            os.setxattr(name, CAPABILITY, CAPS)
    witness.look(folder)


def run_tagged(folder, tag, *options):
    script = "".join(f'for f in "{path(folder)}"/*.{tagged}.*; do set -- "$f"; {what}; done 2>/dev/null\n'
                     for tagged, what in TAGGED.items())
    subprocess.run([THULE, "run", "--tag", tag, *options, "--", "sh", "-c", script + "true"], check=True)


def interleave(folder):
    """Whoever may, does; root does what nobody else may."""
    for _, _, later, name in each(folder):
        what = LATER[later]
        if not what or not os.path.exists(name):
            continue
        if os.stat(name).st_uid == USER:
            os.chmod(path(folder), 0o777)
            pid = os.fork()
            if pid == 0:
                os.setresgid(USER, USER, USER)
                os.setresuid(USER, USER, USER)
                what(name)
                os._exit(0)
            equal(0, os.waitpid(pid, 0)[1], f"{later} of {name}")
        else:
            what(name)


# --- cases ---

def check_undo(force):
    folder = "forced" if force else "plain"
    options = ["--force"] if force else []
    witness = Witness()
    make(folder, witness)
    before = powers(folder)
    run_tagged(folder, folder)
    witness.look(folder)
    interleave(folder)
    witness.look(folder)
    foreseen = plan("undo", "--tag", folder, *options)
    result = thule("undo", "--tag", folder, *options, "--yes")
    equal(sorted((c["path"], c["action"], c["detail"]) for c in foreseen if c["conflict"]),
          sorted((c["path"], c["action"], c["detail"]) for c in result["conflicts"]), "conflicts foreseen and told")
    witness.check(folder, f"undo {options}")
    after = powers(folder)
    told = {c["path"] for c in result["conflicts"]}
    for kind, tagged, later, name in each(folder):
        if later == "nothing":
            equal(before[name], after.get(name), f"{name}, which only the tag changed")
        elif tagged == "chown" and later in ("overwrite", "append", "link", "write-bits"):
            equal(0, os.stat(name).st_uid if force or later != "write-bits" else 0, f"owner of {name}")
            equal((None, True), (after[name], "/" + os.path.relpath(name, MNT) in told), f"power of {name}, and told")
    again = thule("undo", "--tag", result["tag"], "--yes")
    witness.check(folder, "undo of the undo")
    thule("undo", "--tag", again["tag"], "--yes")
    witness.check(folder, "undo of that")


def check_restore():
    witness = Witness()
    make("restored", witness)
    before = powers("restored")
    then = f"op:{sql('select max(op) from thule.op')[0][0]}"
    run_tagged("restored", "restored")
    interleave("restored")
    copy = thule("restore", path("restored"), "--at", then, "--to", path("copied"))
    equal([], copy["conflicts"], "conflicts of a copy")
    equal({os.path.basename(n): p for n, p in before.items()}, {os.path.basename(n): p for n, p in powers("copied").items()},
          "what a copy has")
    thule("restore", path("restored"), "--at", then)
    after = powers("restored")
    equal(before, {n: after[n] for n in before}, "what is restored in place")

    # Who is not root has of it what they could give themselves.
    os.chmod(CASE_DIR, 0o755)
    write("theirs", b"theirs")
    os.chown(path("theirs"), USER, USER)
    os.chmod(path("theirs"), 0o4755)
    os.mknod(path("device"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.chmod(path("device"), 0o666)
    then = f"op:{sql('select max(op) from thule.op')[0][0]}"

    def somebody():
        foreseen = plan("restore", "/copied", "--at", then, "--to", "/stolen")
        result = thule("restore", "/copied", "--at", then, "--to", "/stolen")
        equal(sum(KINDS[k][0] & 0o6000 != 0 for k in KINDS) * len(TAGGED) * len(LATER),
              sum(c["action"] == "mode" for c in result["conflicts"]), "files that lose bits")
        equal(len(result["conflicts"]), sum(c["conflict"] for c in foreseen), "as foreseen")
        thule("restore", "/theirs", "--at", then, "--to", "/theirs-again")
        thule("restore", "/device", "--at", then, "--to", "/device-again")

    as_user(USER, somebody)
    equal({None}, set(powers("stolen").values()), "power that somebody got")
    equal((USER, 0o104755), (os.stat(path("theirs-again")).st_uid, os.stat(path("theirs-again")).st_mode), "a file of their own")
    equal((0, stat.S_IFCHR), (os.stat(path("device-again")).st_uid, os.stat(path("device-again")).st_mode), "a device")


def check_atomic():
    """Somebody writes while it runs; it fails."""
    write("atomic", b"the program")
    os.chmod(path("atomic"), 0o4755)
    turn = os.path.join(CASE_DIR, "turn")
    os.mkfifo(turn)
    with subprocess.Popen([THULE, "run", "--atomic", "--", "sh", "-c", f'chown {USER} "$1"; echo >"$2"; read x <"$2"; false', "sh",
                           path("atomic"), turn], stderr=subprocess.PIPE, text=True) as run:
        with open(turn, encoding="ascii") as f:
            f.read()
        as_user(USER, lambda: overwrite(path("atomic")))
        with open(turn, "w", encoding="ascii") as f:
            f.write("go\n")
        said = run.communicate()[1]
    equal((0, 0o100755), (os.stat(path("atomic")).st_uid, os.stat(path("atomic")).st_mode), "owner and mode")
    equal(True, "1 changes were left" in said, f"said: {said}")


def main():
    need_root()
    os.chmod(MNT, 0o777)
    check_undo(False)
    check_undo(True)
    check_restore()
    check_atomic()
    shell("fsck")


main()
