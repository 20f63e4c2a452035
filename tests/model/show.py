"""A sequence for people, and as a file that can be replayed."""

import json
import os
import stat as st

from calls import CALLS, UTIME_NOW, UTIME_OMIT
from generate import Sequence
from worker import IDENTITIES

FLAGS = "O_CREAT O_EXCL O_TRUNC O_APPEND O_NOFOLLOW O_DIRECTORY O_PATH O_SYNC O_NOATIME".split()
ACCESS = ("O_RDONLY", "O_WRONLY", "O_RDWR")
NODES = {0: "0", st.S_IFIFO: "fifo", st.S_IFSOCK: "socket", st.S_IFREG: "file", st.S_IFCHR: "char", st.S_IFBLK: "block"}
RENAME = {0: "0", 1: "NOREPLACE", 2: "EXCHANGE", 3: "NOREPLACE|EXCHANGE"}
FALLOCATE = {0: "0", 1: "KEEP_SIZE", 2: "PUNCH_HOLE", 3: "PUNCH_HOLE|KEEP_SIZE", 0x10: "ZERO", 0x11: "ZERO|KEEP_SIZE"}


def flags_text(flags):
    names = [ACCESS[flags & 3]]
    names += [n for n in FLAGS if flags & getattr(os, n) == getattr(os, n)]
    return "|".join(names)


def time_text(time):
    if time[1] in (UTIME_NOW, UTIME_OMIT):
        return "NOW" if time[1] == UTIME_NOW else "OMIT"
    return f"{time[0]}.{time[1]:09}"


def path_text(path):
    if isinstance(path, str):
        return shortened(path)
    return f"fd{path[0]}:{shortened(path[1])}"


def shortened(text):
    return repr(text) if len(text) < 60 else f"'{text[:3]}...' ({len(text)} bytes)"


TEXT = {
    "slot": lambda slot: f"fd{slot}",
    "path": path_text,
    "target": shortened,
    "xname": shortened,
    "flags": flags_text,
    "mode": lambda mode: f"0{mode:o}" if mode else "0",
    "time": time_text,
    "node": lambda kind: NODES.get(kind, oct(kind)),
    "rename": lambda flags: RENAME.get(flags, flags),
    "fallocate": lambda mode: FALLOCATE.get(mode, mode),
    "whence": lambda w: ("SET", "CUR", "END", "DATA", "HOLE")[w],
    "lock": lambda kind: ("F_RDLCK", "F_WRLCK", "F_UNLCK")[kind],
    "flock": lambda how: {1: "LOCK_SH", 2: "LOCK_EX", 8: "LOCK_UN"}[how],
}


def op_text(op):
    worker, name, *arguments = op
    shown = [str(TEXT.get(kind, repr)(a)) for kind, a in zip(CALLS[name].kinds, arguments)]
    way, who = divmod(worker, len(IDENTITIES))
    return f"{IDENTITIES[who].name}{('', ' on the other host', ' by SQL')[way]}: {name}({', '.join(shown)})"


def sequence_text(sequence):
    who = "; ".join(
        f"{i.name} {i.uid}:{','.join(map(str, [i.gid, *i.groups]))} umask 0{i.umask:o}"
        for k, i in enumerate(IDENTITIES)
        if any(op[0] % len(IDENTITIES) == k for op in sequence.ops)
    )
    lines = [f"# {who}", f"# in a directory of root's with mode 0{sequence.mode:o}"]
    lines += [f"{i + 1:3}  {op_text(op)}" for i, op in enumerate(sequence.ops)]
    return "\n".join(lines)


def dump(sequence):
    """Lines of JSON: what the whole is, then one operation each."""
    head = {"mode": sequence.mode, "observing": sequence.observing, "seed": sequence.seed}
    return "\n".join(json.dumps(line) for line in (head, *sequence.ops)) + "\n"


def load(text):
    """From such lines; others are skipped, so that what a run printed can be given as it is."""
    head, ops = {"mode": 0o777, "observing": True, "seed": None}, []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith('{"mode"'):
            head, ops = json.loads(line), []
        elif line.startswith("["):
            ops.append(json.loads(line))
    return Sequence(ops, head["mode"], head["observing"], head["seed"])
