#!/usr/bin/python3
"""Undo of A after A and B interleave equals B alone, wherever they do not touch the same thing.

A tree and a copy of it: A and B change the tree at random, B does the same to the copy. What one has changed the other
leaves alone, but both work in the same directories and in different bytes of the same files. Undo of A (by its pid)
from an op in the middle on must make the tree equal to the copy, to which what A did before that was done, too; undo of the undo must make
it what it was before; undo of all of A, and then of B, what it was at first. Some files are open all the
time, and must go on with what the undo makes of them; some are immutable or append-only, and must stay what they are, unless A
itself has made them so. THULE_UNDO_SEED (0: any) and THULE_UNDO_ROUNDS choose the random numbers."""

import fcntl
import hashlib
import json
import mmap
import os
import random
import shutil
import stat
import subprocess
import sys

from attributes import ACCESS, DEFAULT, flags_of_open, get_flags, set_flags, xattrs
from case import LIB, MNT, equal, need_root, path, remount, shell, sql
from other import eventually

ROUNDS = int(os.environ.get("THULE_UNDO_ROUNDS", "3"))
SEED = int(os.environ.get("THULE_UNDO_SEED", "1")) or random.SystemRandom().randrange(1, 1 << 30)
STEPS = 160
KEPT = 40           # steps before the op from which on A is undone
SLOT = 700
SHARED = 3
IMMUTABLE, APPEND = 0x10, 0x20


class Doer:
    """A process that changes files."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(LIB, "doer.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.answer()
        self.pid = self.process.pid
        self.changed = set()  # what it made, changed, renamed or removed
        self.used = set()  # directories that it worked in, and those above

    def answer(self):
        return self.process.stdout.readline().rstrip("\n")

    def do(self, *command):
        print(json.dumps(command), file=self.process.stdin, flush=True)
        answer = self.answer()
        if answer != "done":
            raise AssertionError(f"{command}: {answer}")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def inode(name):
    return os.lstat(name).st_ino


def above(name, top):
    """The directories that a name is in, from its own up to the top."""
    folders = []
    while name != top:
        name = os.path.dirname(name)
        folders.append(inode(name))
    return folders


def walk(top):
    files, folders = [], []
    for folder, subfolders, names in os.walk(top):
        folders += [os.path.join(folder, n) for n in subfolders]
        files += [os.path.join(folder, n) for n in names if not n.startswith("shared")]
    return sorted(files), sorted(folders)


class Script:
    """One round: a tree, its copy, and two who change them."""

    def __init__(self, number, rng):
        self.rng = rng
        self.top = path(f"tree{number}")
        self.copy = path(f"copy{number}")
        self.ns = 10**18
        self.count = 0
        self.log = []

    def populate(self):
        os.mkdir(self.top)
        folders = [self.top]
        for i in range(12):
            folders.append(os.path.join(self.rng.choice(folders), f"d{i}"))
            os.mkdir(folders[-1])
        for i in range(60):
            name = os.path.join(self.rng.choice(folders), f"f{i}")
            with open(name, "w", encoding="ascii") as f:
                f.write(f"{i} " * self.rng.randrange(0, 3000))
            os.chmod(name, self.rng.choice([0o600, 0o644, 0o755]))
            for n in range(self.rng.randrange(4)):
                os.setxattr(name, f"user.{n}", b"first")
        for i in range(SHARED):
            with open(os.path.join(self.top, f"shared{i}"), "w", encoding="ascii") as f:
                f.write("." * SLOT * 40)
        with open(self.source(), "wb") as f:
            f.write(self.rng.randbytes(50_000))
            f.truncate(90_000)
        for i in range(6):
            os.symlink(f"f{i}", os.path.join(self.rng.choice(folders), f"l{i}"))
        for name in [n for part in walk(self.top) for n in part]:
            self.ns += 1001
            os.utime(name, ns=(self.ns, self.ns), follow_symlinks=False)
        shutil.copytree(self.top, self.copy, symlinks=True)

    def source(self):
        """A file that nobody changes, with a hole at the end, to copy from."""
        return os.path.join(self.top, "shared-source")

    def new_name(self):
        _, folders = walk(self.top)
        self.count += 1
        return os.path.join(self.rng.choice(folders + [self.top]), f"n{self.count}")

    def propose(self):
        """A change that can be made: the commands, and the names that it concerns."""
        files, folders = walk(self.top)
        plain = [f for f in files if not os.path.islink(f)]
        if not plain or not folders:
            return [], []
        kind = self.rng.choice(
            "create write overwrite truncate punch zero copy chmod chown unlink unlink rename rename over over "
            "exchange link symlink mkdir rmdir time movedir shared shared setxattr setxattr removexattr list list default flags "
            "trusted".split()
        )
        one = self.rng.choice(plain)
        two = self.rng.choice(files)
        new = self.new_name()
        text = str(self.rng.random()) * self.rng.randrange(1, 400)
        size = os.path.getsize(one)
        some = [self.rng.randrange(size + 100), self.rng.randrange(1, 5000)]
        table = {
            "create": lambda: ([["write", new, 0, text]], [new]),
            "write": lambda: ([["write", one, self.rng.randrange(size + 100), text]], [one]),
            "overwrite": lambda: ([["overwrite", one, text]], [one]),
            "truncate": lambda: ([["truncate", one, self.rng.randrange(size + 5000)]], [one]),
            "punch": lambda: ([["punch", one, *some]], [one]),
            "zero": lambda: ([["zero", one, *some]], [one]),
            "copy": lambda: ([["copy", self.source(), one, self.rng.randrange(60_000), *some]], [one]),
            "chmod": lambda: ([["chmod", one, self.rng.randrange(0o1000)]], [one]),
            "chown": lambda: ([["chown", one, self.rng.randrange(1000), 7]], [one]),
            "unlink": lambda: ([["unlink", two]], [two]),
            "rename": lambda: ([["rename", two, new]], [two, new]),
            "over": lambda: ([["rename", one, two]], [one, two]),
            "exchange": lambda: ([["exchange", one, two]], [one, two]),
            "link": lambda: ([["link", one, new]], [one, new]),
            "symlink": lambda: ([["symlink", text[:50], new]], [new]),
            "mkdir": lambda: ([["mkdir", new]], [new]),
            "rmdir": lambda: self.remove_tree(self.rng.choice(folders)),
            "time": lambda: ([], [one]),
            "movedir": lambda: self.move(self.rng.choice(folders), new),
            "shared": lambda: ([["shared"]], []),
            "setxattr": lambda: ([["setxattr", one, f"user.{self.rng.randrange(6)}", text]], [one]),
            "trusted": lambda: ([["setxattr", two, "trusted.t", text]], [two]),
            "removexattr": lambda: self.remove_xattr(one),
            "list": lambda: ([["list", one, ACCESS, self.rng.randrange(0o1000), *self.ids()]], [one]),
            "default": lambda: self.default_list(self.rng.choice(folders)),
            "flags": lambda: ([["flags", one, self.rng.choice([0, 0x40, 0x80, 0xC0])]], [one]),
        }
        if kind in ("over", "exchange") and inode(one) == inode(two):
            return [], []
        return table[kind]()

    def ids(self):
        return self.rng.randrange(1000), self.rng.randrange(1000), self.rng.randrange(8)

    def remove_xattr(self, name):
        there = os.listxattr(name)
        return ([["removexattr", name, self.rng.choice(there)]], [name]) if there else ([], [])

    def default_list(self, folder):
        return [["list", folder, DEFAULT, self.rng.randrange(0o700, 0o1000), *self.ids()]], [folder]

    def remove_tree(self, top):
        files, folders = walk(top)
        if len(files) > 12:
            return [], []
        commands = [["unlink", f] for f in files] + [["rmdir", d] for d in reversed(folders)]
        return commands + [["rmdir", top]], files + folders + [top]

    def move(self, folder, new):
        if (new + "/").startswith(folder + "/"):
            return [], []
        return [["rename", folder, new]], [folder, new]

    def keys(self, names):
        keys = set()
        for name in names:
            keys.add((inode(os.path.dirname(name)), os.path.basename(name)))
            if os.path.lexists(name):
                keys.add(inode(name))
        return keys

    def shared_write(self, who, odd):
        name = f"shared{self.rng.randrange(SHARED)}"
        slot = self.rng.randrange(20) * 2 + odd
        if self.rng.random() < 0.4:
            return ["setxattr", os.path.join(self.top, name), f"user.{slot}", str(self.rng.random())]
        name, off, length = os.path.join(self.top, name), slot * SLOT, self.rng.randrange(1, SLOT)
        return self.rng.choice([
            ["write kept", name, off, str(self.rng.random())[2:] * 9],
            ["write kept", name, off, str(self.rng.random())[2:] * 9],
            ["punch", name, off, length],
            ["copy", self.source(), name, self.rng.randrange(60_000), off, length],
        ])

    def run(self, who, other, alone, odd):
        """One change by `who`, if it does not touch what `other` has changed; `alone` does it to the copy."""
        commands, names = self.propose()
        if commands == [["shared"]]:
            commands = [self.shared_write(who, odd)]
        else:
            used = {ino for name in names for ino in above(name, self.top)}
            changed = self.keys(names)
            if changed & (other.changed | other.used) or used & other.changed:
                return
            kept = [n for n in names if os.path.lexists(n)]
            who.used |= used
            who.changed |= changed
        for command in commands:
            self.apply(who, alone, command)
        if len(names) <= 2 and commands != [] and commands[0][0] != "shared":
            who.changed |= self.keys([n for n in names if os.path.lexists(n)])
        for name in names:
            if os.path.lexists(name) and not os.path.isdir(name):
                self.ns += 1001
                self.apply(who, alone, ["time", name, self.ns])

    def apply(self, who, alone, command):
        self.log.append((who.pid, command))
        who.do(*command)
        if alone:
            alone.do(*[self.to_copy(c) for c in command])

    def to_copy(self, argument):
        if isinstance(argument, str) and argument.startswith(self.top + "/"):
            return self.copy + argument[len(self.top) :]
        return argument


class Held:
    """Files that are open, some of them mapped, all of them read, so that the kernel has their pages."""

    def __init__(self, script):
        self.rng, self.top, self.fds = script.rng, script.top, []

    def add(self, count):
        files = [f for f in walk(self.top)[0] if not os.path.islink(f)]
        for name in self.rng.sample(files, min(count, len(files))):
            fd = os.open(name, self.rng.choice([os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_APPEND]))
            view = mmap.mmap(fd, 0, prot=mmap.PROT_READ) if os.fstat(fd).st_size and self.rng.random() < 0.3 else None
            self.fds.append((fd, view))

    def contents(self):
        """What each is now, by what is open."""
        return [hashlib.sha256(os.pread(fd, 1 << 22, 0)).hexdigest() for fd, _ in self.fds]

    def check(self, before, what):
        """Those that have a name are what is there by it; those that have none, what they were just before."""
        names = {inode(os.path.join(folder, n)): os.path.join(folder, n)
                 for folder, _, files in os.walk(MNT) for n in files}
        for (fd, view), was, now in zip(self.fds, before, self.contents()):
            st = os.fstat(fd)
            name = names.get(st.st_ino)
            equal(name is not None, st.st_nlink > 0, f"whether {name} has a name, {what}")
            if name:
                with open(name, "rb") as f:
                    content = f.read()
                equal((len(content), hashlib.sha256(content).hexdigest()), (st.st_size, now), f"{name}, open, {what}")
                if view and content:
                    shown = min(len(view), (len(content) + 4095) // 4096 * 4096)
                    equal(content[:shown], view[:shown].rstrip(b"\0")[: len(content)].ljust(min(shown, len(content)), b"\0"),
                          f"{name}, mapped, {what}")
            else:
                equal(was, now, f"inode {st.st_ino}, without a name, {what}")

    def close(self):
        for fd, view in self.fds:
            if view:
                view.close()
            if os.fstat(fd).st_nlink == 0 and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_RDWR:
                # Forced, an undo takes the name of what is immutable, too, and then nobody writes to that.
                if not flags_of_open(fd):
                    os.write(fd, b"for nobody")
            os.close(fd)
        eventually("files without a name are gone", lambda: sql("select count(*) from thule.inode where nlink = 0") == [["0"]])


def freeze_own(script, a, b):
    """A makes some immutable or append-only of what it alone has changed."""
    own = [f for f in walk(script.top)[0] if not os.path.islink(f) and inode(f) in a.changed and inode(f) not in b.changed]
    for name in script.rng.sample(own, min(4, len(own))):
        script.apply(a, None, ["flags", name, script.rng.choice([IMMUTABLE, APPEND])])


def freeze_some(script):
    """Somebody else makes some files and directories immutable or append-only; what they are, by inode."""
    files, folders = walk(script.top)
    plain = [f for f in files if not os.path.islink(f)]
    chosen = script.rng.sample(plain, min(6, len(plain))) + script.rng.sample(folders, min(2, len(folders)))
    for name in set(chosen):
        set_flags(name, script.rng.choice([IMMUTABLE, APPEND]))
    return {inode(name): frozen_state(name) for name in chosen}


def frozen_state(name):
    st = os.lstat(name)
    state = [st.st_mode, st.st_uid, st.st_gid, st.st_size, st.st_nlink, xattrs(name), get_flags(name)]
    if stat.S_ISREG(st.st_mode):
        with open(name, "rb") as f:
            return state + [st.st_mtime_ns, hashlib.sha256(f.read()).hexdigest()]
    # Its link count is that of the directories in it, to which an append-only one may get more.
    return [st.st_mode, st.st_uid, st.st_gid, xattrs(name), get_flags(name), sorted(os.listdir(name))]


def check_frozen(script, before):
    seen = {}
    for part in walk(script.top):
        for name in part:
            if inode(name) in before:
                seen[inode(name)] = frozen_state(name)
    for ino, state in before.items():
        now = seen.get(ino)
        if now and isinstance(now[-1], list) and now[4] & APPEND:
            equal(set(), set(state[-1]) - set(now[-1]), f"names that left inode {ino}, append-only (seed {SEED})")
            now = now[:-1] + state[-1:]
        equal(state, now, f"inode {ino}, which is immutable or append-only (seed {SEED})")


def describe(top, timeless=()):
    """What must be equal: name, kind, mode, owner, size, links, content, extended attributes, flags, and mtime but of
    directories B worked in."""
    lines = {}
    for folder, subfolders, names in os.walk(top):
        for name in subfolders + names:
            full = os.path.join(folder, name)
            relative = os.path.relpath(full, top)
            st = os.lstat(full)
            fields = [stat.filemode(st.st_mode), st.st_uid, st.st_gid, st.st_nlink, xattrs(full), get_flags(full)]
            if stat.S_ISREG(st.st_mode):
                with open(full, "rb") as f:
                    fields += [st.st_size, hashlib.sha256(f.read()).hexdigest()]
            elif stat.S_ISLNK(st.st_mode):
                fields.append(os.readlink(full))
            if timeless is not None and relative not in timeless and not name.startswith("shared"):
                fields.append(st.st_mtime_ns)
            lines[relative] = fields
    return lines


def compare(expected, actual, what, script):
    for name in sorted(expected.keys() | actual.keys()):
        if expected.get(name) != actual.get(name):
            for pid, command in script.log:
                print(pid, *command, file=sys.stderr)
            raise AssertionError(
                f"{what}: {name}: expected {expected.get(name)}, got {actual.get(name)} (seed {SEED})"
            )


def undo(*selectors):
    done = subprocess.run(
        [os.environ["THULE"], "undo", "--json", *selectors], stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout)


def worked_in(script, *others):
    """Names of directories in which one has worked whose changes stay: their mtime is not that of the copy."""
    inodes = set().union(*others)
    _, folders = walk(script.copy)
    names = [os.path.relpath(f, script.copy) for f in folders]
    timeless = set()
    for name in names:
        full = os.path.join(script.top, name)
        if not os.path.isdir(full) or inode(full) in inodes:
            timeless.add(name)
    return timeless


def disjoint(number, rng):
    script = Script(number, rng)
    script.populate()
    begin = describe(script.top)
    a, b, alone = Doer(), Doer(), Doer()
    held = Held(script)
    held.add(12)
    for step in range(STEPS):
        # What A does before that stays, through descriptors that are open before and after.
        if step == KEPT:
            os.mkdir(path(f"middle{number}"))
            kept = a.used | a.changed
        if rng.random() < 0.5:
            script.run(a, b, alone if step < KEPT else None, 0)
        else:
            script.run(b, a, alone, 1)
    held.add(12)
    freeze_own(script, a, b)
    before, contents = describe(script.top), held.contents()
    middle = sql(f"select op from thule.op where parent = 1 and name = 'middle{number}'")[0][0]
    result = undo("--pid", str(a.pid), "--since", f"op:{middle}", script.top)
    equal([], result["conflicts"], f"conflicts (seed {SEED})")
    held.check(contents, f"after undo (seed {SEED})")
    timeless = worked_in(script, b.used, b.changed, kept)
    compare(describe(script.copy, timeless), describe(script.top, timeless), "after undo of A", script)
    equal([], sql("select * from thule.fsck"), f"fsck after undo (seed {SEED})")
    contents = held.contents()
    again = undo("--tag", result["tag"])
    equal([], again["conflicts"], f"conflicts of undo of the undo (seed {SEED})")
    compare(before, describe(script.top), "after undo of the undo", script)
    held.check(contents, f"after undo of the undo (seed {SEED})")
    equal([], sql("select * from thule.fsck"), f"fsck after undo of the undo (seed {SEED})")
    contents = held.contents()
    once_more = undo("--pid", str(a.pid), "--since", f"op:{middle}", script.top)
    equal([], once_more["conflicts"], f"conflicts of A undone once more (seed {SEED})")
    compare(describe(script.copy, timeless), describe(script.top, timeless), "after undo of A once more", script)
    held.check(contents, f"after undo of A once more (seed {SEED})")
    all_of_a = undo("--pid", str(a.pid), script.top)
    equal([], all_of_a["conflicts"], f"conflicts of all of A (seed {SEED})")
    both = undo("--pid", str(b.pid), script.top)
    equal([], both["conflicts"], f"conflicts of B after A (seed {SEED})")
    compare(begin, describe(script.top), "after undo of A, then of B", script)
    equal([], sql("select * from thule.fsck"), f"fsck after undo of A, then of B (seed {SEED})")
    contents = held.contents()
    undo("--tag", both["tag"])
    undo("--tag", all_of_a["tag"])
    held.check(contents, f"after B came back (seed {SEED})")
    compare(describe(script.copy, timeless), describe(script.top, timeless), "after B came back", script)
    held.close()
    for doer in (a, b, alone):
        doer.end()
    return script, timeless


def colliding(number, rng):
    """Both change everything: whatever is left in conflict, the filesystem is sound, and seen as it is."""
    script = Script(number, rng)
    script.populate()
    a, b = Doer(), Doer()
    nobody = Doer()
    held = Held(script)
    held.add(12)
    for _ in range(STEPS):
        who = rng.choice([a, b])
        script.run(who, nobody, None, 0)
    held.add(12)
    frozen = freeze_some(script)
    selectors = rng.choice([[], [], ["--force"]])
    contents = held.contents()
    undo("--pid", str(a.pid), *selectors)
    held.check(contents, f"after a colliding undo {selectors} (seed {SEED})")
    if not selectors:
        check_frozen(script, frozen)
    held.close()
    for doer in (a, b, nobody):
        doer.end()
    equal([], sql("select * from thule.fsck"), f"fsck after a colliding undo {selectors} (seed {SEED})")
    return script


def main():
    print("seed", SEED)
    rng = random.Random(SEED)
    done = []
    for number in range(ROUNDS):
        done.append(disjoint(number, rng))
    for number in range(ROUNDS, 2 * ROUNDS):
        colliding(number, rng)
    seen = describe(MNT)
    remount()
    equal(seen, describe(MNT), f"the trees after remount (seed {SEED})")
    for script, timeless in done:
        compare(describe(script.copy, timeless), describe(script.top, timeless), "undone after remount", script)
    equal("0", shell("sql", "select count(*) from thule.request where done_at is null"), "requests left")


need_root()
main()
