"""All ways to read the past, each as fields by path: what compare.agree wants."""

import io
import json
import os
import subprocess
import tarfile

import live
from case import MNT
from compare import digest

THULE, THULEFS, CASE_DIR = os.environ["THULE"], os.environ["THULEFS"], os.environ["CASE_DIR"]

TREES = """select o.op, encode(t.path, 'hex') as path, i.ino, thule.mode_kind(i.mode) as kind, i.mode & 4095 as mode, i.uid, i.gid, i.nlink,
        i.size, i.rdev, encode(i.target, 'hex') as target, i.mtime_ns as mtime, i.ctime_ns as ctime, i.btime_ns as btime,
        case when i.mode & 61440 = 32768 then (select case when octet_length(c) <= 40 then encode(c, 'hex')
            else octet_length(c) || ' bytes, md5 ' || md5(c) end from thule.read_at_op(i.ino, o.op, 0, 1 << 30) c) end as content,
        (select jsonb_object_agg(convert_from(x.name, 'utf8'), case when octet_length(x.value) <= 40 then encode(x.value, 'hex')
            else octet_length(x.value) || ' bytes, md5 ' || md5(x.value) end)
            from thule_internal.xattrs_at_op(i.ino, o.op) x) as xattrs
    from thule.op o
    cross join lateral thule_internal.tree_at_op({top}, o.op) t
    cross join lateral (select (t.inode).*) i
    where o.op = any ('{ops}')"""
FILES = """select o.op, f.path, f.ino, f.kind, f.mode, f.uid, f.gid, f.nlink, f.size,
        (extract(epoch from f.mtime) * 1000000)::bigint as mtime, (extract(epoch from f.ctime) * 1000000)::bigint as ctime,
        (extract(epoch from f.btime) * 1000000)::bigint as btime
    from thule.op o
    cross join lateral thule.file_at_op(o.op) f
    where o.op = any ('{ops}') and (f.path = '{top}' or starts_with(f.path, '{top}/'))"""
BLAME = """select o.op, i.ino, b.off, b.len, b.op as by from thule.op o
    cross join unnest('{inos}'::bigint[]) i (ino)
    cross join lateral thule_internal.blame_at_op(i.ino, o.op) b
    where o.op = any ('{ops}') order by o.op, i.ino, b.off"""

CHANGES = "select c.op, c.path, c.new_path from thule.change c where c.op = any ('{ops}')"
BY_TIME = """select f.path, f.ino, f.kind, f.mode, f.uid, f.gid, f.nlink, f.size from thule.file_at('{at}') f
    where f.path = '{top}' or starts_with(f.path, '{top}/')"""
CONTENTS = """select v.path, encode(thule.content_at_op(v.path, {op}), 'hex') as by_op,
    encode(thule.content(v.path, '{at}'), 'hex') as by_time from unnest({paths}) v (path)"""


def array(values):
    return "{" + ",".join(map(str, values)) + "}"


def output(*command):
    """What a command of ours prints; what it says when it fails."""
    done = subprocess.run([THULE, *command], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"thule {' '.join(command)}: {done.stderr.decode()}")
    return done.stdout


def unescape(path):
    """A path as thule.escape_name shows it."""
    data, rest = bytearray(), os.fsencode(path)
    while rest:
        if rest[:2] == b"\\x":
            data.append(int(rest[2:4], 16))
            rest = rest[4:]
        else:
            data.append(rest[0])
            rest = rest[1:]
    return os.fsdecode(bytes(data))


def escape(path):
    """A path as SQL takes it."""
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\x{c:02x}" for c in os.fsencode(path))


def short(text):
    """Hex of a short value, or what digest says of a long one."""
    return text if " bytes, md5 " in text else bytes.fromhex(text)


def sql_trees(server, top, ops):
    """By op: thule_internal.tree_at_op, read_at_op and xattrs_at_op."""
    found = {op: {} for op in ops}
    for row in server.rows(TREES.format(top=top, ops=array(ops))):
        op, path = row.pop("op"), bytes.fromhex(row.pop("path")).replace(b"\0", b"/")
        row["target"] = row["target"] and os.fsdecode(bytes.fromhex(row["target"]))
        row["content"] = short(row["content"]) if row["content"] is not None else b""
        row["xattrs"] = {name: short(value) for name, value in (row["xattrs"] or {}).items()}
        found[op][os.fsdecode(path)] = row
    return found


def sql_files(server, top_path, ops):
    """By op: thule.file_at_op, whose times are microseconds."""
    found = {op: {} for op in ops}
    for row in server.rows(FILES.format(top=top_path, ops=array(ops))):
        op, path = row.pop("op"), "." + unescape(row.pop("path"))[len(top_path) :]
        found[op][path] = row
    return found


def sql_blame(server, inos, ops):
    """By op and inode: who wrote which bytes."""
    found = {}
    for row in server.rows(BLAME.format(inos=array(inos), ops=array(ops))):
        found.setdefault((row["op"], row["ino"]), []).append((row["off"], row["off"] + row["len"], row["by"]))
    return found


def sql_changes(server, ops):
    """By op: the paths that the log shows."""
    return {row["op"]: [row[k] and unescape(row[k]) for k in ("path", "new_path")]
            for row in server.rows(CHANGES.format(ops=array(ops)))}


def sql_by_time(server, top_path, at):
    return {"." + unescape(row.pop("path"))[len(top_path) :]: row for row in server.rows(BY_TIME.format(top=top_path, at=at))}


def sql_contents(server, op, at, paths):
    """By path: the bytes of a file as of the op and as of the time."""
    if not paths:
        return {}
    names = "array[" + ",".join("e'" + escape(p).replace("\\", "\\\\").replace("'", "''") + "'" for p in paths) + "]"
    found = server.rows(CONTENTS.format(op=op, at=at, paths=names))
    return {unescape(row["path"]): [bytes.fromhex(row[k]) for k in ("by_op", "by_time")] for row in found}


def shown_in_mount(row):
    """What a mount shows of the past: no device is one."""
    row = {k: v for k, v in row.items() if k not in ("ino", "btime")}
    if row["kind"] == "char":
        row.update(kind="file", mode=0, size=0, rdev=0)
    return row


def at_folder(top_path, t):
    return live.read(f"{MNT}/.thule/at/{t}{top_path}")


def at_mount(top_path, t):
    """A mount of its own."""
    other = os.path.join(CASE_DIR, "other")
    os.makedirs(other, exist_ok=True)
    subprocess.run([THULEFS, os.environ["THULE_SOURCE"], other, "-o", f"at={t}"], check=True, stdout=subprocess.DEVNULL)
    try:
        return live.read(other + top_path)
    finally:
        output("umount", other)


def tar(folder, t):
    """thule tar, unpacked in memory. Sockets are not in it; links are by the name of what they link."""
    found, kinds = {}, {tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink", tarfile.FIFOTYPE: "fifo", tarfile.CHRTYPE: "char"}
    with tarfile.open(fileobj=io.BytesIO(output("tar", folder, "--at", t))) as archive:
        for member in archive.getmembers():
            name = "." if member.name in (".", "") else "./" + member.name.removeprefix("./")
            if member.islnk():
                found[name] = found["./" + member.linkname.removeprefix("./")]
                continue
            data = archive.extractfile(member).read() if member.isreg() else b""
            kind = kinds.get(member.type, "file")
            found[name] = {
                "kind": kind,
                "mode": member.mode,
                "uid": member.uid,
                "gid": member.gid,
                "target": member.linkname if kind == "symlink" else None,
                "content": digest(data),
                "mtime": nanoseconds(member.pax_headers.get("mtime", str(member.mtime))),
                "xattrs": {k.removeprefix("SCHILY.xattr."): digest(os.fsencode(v))
                           for k, v in member.pax_headers.items() if k.startswith("SCHILY.xattr.")},
            }
    return found


def nanoseconds(text):
    seconds, _, part = text.partition(".")
    return int(seconds) * 10**9 + int(part.ljust(9, "0")[:9])


def shown(row):
    """What ls and stat print of a file as JSON: the mode is text, in octal."""
    return {k: int(row[k], 8) if k == "mode" else row[k] for k in ("ino", "kind", "mode", "nlink", "uid", "gid", "size")}


def ls(folder, t):
    rows = json.loads(output("ls", folder, "--at", t, "--json"))
    return {unescape(row["name"]): shown(row) for row in rows}


def stat(path, t):
    row = json.loads(output("stat", path, "--at", t, "--json"))
    return shown(row)


def cat(path, t):
    return output("cat", path, "--at", t)


def diff(folder, t1, t2):
    return json.loads(output("diff", t1, t2, folder, "--json"))
