#!/usr/bin/python3
# What a role that was granted a user's part of the filesystem sees by SQL is what that user sees on the mount: modes, groups, access
# lists, directories that are closed above, moved and removed, now and in the past.
# options: allow_other
# timeout: 240
import json
import os
import stat
import subprocess
import urllib.parse

from attributes import ACCESS, GROUP as GROUP_ENTRY, GROUP_OBJ, MASK, NO_ID, OTHER, USER, USER_OBJ, access_list
from case import MNT, as_user, equal, need_root, path, shell, sql, write

ALICE, BOB, CAROL, STAFF = 65530, 65531, 65532, 65533
# Who asks: uid, groups.
USERS = {"alice": (ALICE, []), "bob": (BOB, [STAFF]), "carol": (CAROL, []), "dora": (65529, [CAROL, STAFF])}
SOURCE = os.environ["THULE_SOURCE"]
THULE = os.environ["THULE"]


def role(name):
    return f"matrix_{name}_{os.getpid()}"


def admin(command):
    subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", SOURCE, "-c", command], check=True)


def ask(who, query):
    """An answer in SQL as that role, or the SQLSTATE of the error."""
    url = SOURCE.replace(f"//{os.environ['PGUSER']}@", f"//{role(who)}@")
    done = subprocess.run(["psql", "-XAtq", "-v", "VERBOSITY=sqlstate", "-d", url, "-c", query], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else done.stderr.split()[-1]


def make():
    for mode in (0o000, 0o004, 0o040, 0o400, 0o644, 0o640, 0o604):
        for owner, group in ((ALICE, ALICE), (BOB, STAFF), (0, STAFF), (0, 0)):
            name = f"file-{mode:o}-{owner}-{group}"
            write(name, f"bytes of {name}".encode())
            os.chown(path(name), owner, group)
            os.chmod(path(name), mode)
    for mode in (0o700, 0o711, 0o744, 0o750, 0o755, 0o705, 0o070):
        name = f"dir-{mode:o}"
        os.makedirs(path(name, "below"))
        write(f"{name}/inside", b"in")
        write(f"{name}/below/deep", b"deep")
        os.link(path(name, "inside"), path(name, "below", "hard"))
        os.symlink("inside", path(name, "link"))
        os.chown(path(name), ALICE, STAFF)
        os.chmod(path(name), mode)
    listed = ((USER_OBJ, 7, NO_ID), (USER, 5, BOB), (GROUP_OBJ, 0, NO_ID), (GROUP_ENTRY, 5, CAROL))
    for name, mask in (("listed", 5), ("masked", 0)):
        os.mkdir(path(name))
        write(f"{name}/inside", b"in")
        os.chown(path(name), ALICE, STAFF)
        os.setxattr(path(name), ACCESS, access_list(*listed, (MASK, mask, NO_ID), (OTHER, 0, NO_ID)))
        write(f"{name}-file", b"x")
        os.chown(path(f"{name}-file"), ALICE, STAFF)
        os.setxattr(path(f"{name}-file"), ACCESS, access_list(*listed, (MASK, mask, NO_ID), (OTHER, 0, NO_ID)))
    for name in ("moved", "removed", "opened"):
        write(name, name.encode())
    os.mkdir(path("was-closed"), 0o700)
    write("was-closed/inside", b"in")
    os.chmod(path("opened"), 0o600)
    os.mkdir(path("gone"))
    write("gone/inside", b"in")


def change():
    os.rename(path("moved"), path("dir-700/moved"))
    os.unlink(path("removed"))
    os.chmod(path("opened"), 0o644)
    os.chmod(path("was-closed"), 0o755)
    os.chmod(path("dir-755"), 0o700)
    os.unlink(path("gone/inside"))
    os.rmdir(path("gone"))


def found(top):
    """What find(1) and cat(1) tell below top: rows of path, inode, mode, owner, size, and the bytes, or None."""
    rows = {}

    def look(name, shown):
        s = os.lstat(name)
        data = None
        if stat.S_ISREG(s.st_mode):
            try:
                with open(name, "rb") as f:
                    data = f.read().decode()
            except PermissionError:
                pass
        rows[shown] = [s.st_ino if top == MNT else 0, stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid, s.st_size, data]
        if stat.S_ISDIR(s.st_mode):
            try:
                names = os.listdir(name)
            except PermissionError:
                return
            for n in names:
                try:
                    look(os.path.join(name, n), f"{shown.rstrip('/')}/{n}")
                except PermissionError:
                    pass

    look(top, "/")
    return rows


def of_mount(who, top, out):
    uid, groups = USERS[who]

    def tell():
        with open(out, "w", encoding="utf8") as f:
            json.dump(found(top), f)

    with open(out, "w", encoding="utf8"):
        os.chown(out, uid, uid)
    as_user(uid, tell, groups)
    with open(out, encoding="utf8") as f:
        return json.load(f)


def of_sql(rows, at):
    """The same in SQL, where rows is what has rows of thule.file, and at the op."""
    return f"""select json_object_agg(f.path, json_build_array(case when {at} = 9223372036854775807 then f.ino else 0 end, f.mode, f.uid, f.gid, f.size,
            case when f.kind = 'file' then f.bytes end))
        from (select f.*, case when f.path = any (current_setting('test.readable')::text[]) then convert_from(thule.content_at_op(f.path, {at}), 'UTF8') end as bytes
            from {rows} f) f"""


def compare(who, top, rows, at, out):
    seen = of_mount(who, top, out)
    readable = [name for name, row in seen.items() if row[5] is not None]
    answer = ask(who, f"set test.readable = '{{{','.join(readable)}}}'; " + of_sql(rows, at))
    shown = json.loads(answer)
    # In the past the mount lists what is behind a closed door now, though it opens it to nobody: SQL leaves it out.
    if top != MNT and who != "alice":
        assert "/moved" not in shown, who
        del seen["/moved"]
    equal(seen, shown, f"{who}, {rows}")
    for name, row in seen.items():
        if row[5] is None and name.rsplit("/", 1)[-1].startswith(("file", "opened", "masked-file", "listed-file")):
            equal("42501", ask(who, f"select thule.content_at_op('{name}', {at})"), f"{who} reads {name}")
    return len(seen)


def door(who, *arguments):
    """What the command says to that user in the mount, who cannot reach the server: rows of JSON, or the SQLSTATE of a refusal."""
    uid, groups = USERS[who]
    sockets = urllib.parse.parse_qs(urllib.parse.urlsplit(SOURCE).query)["host"][0]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0" && exec setpriv "$@"', sockets, f"--reuid={uid}", f"--regid={uid}",
         f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups", "--", THULE, *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, cwd=MNT, check=False, timeout=120)
    return json.loads(done.stdout) if done.returncode == 0 else "42501"


def rows(answer):
    return json.loads(answer) if answer.startswith("[") else answer


def same_rows(expected, actual, what):
    """As equal, but a difference of long answers names its first row."""
    if isinstance(expected, list) and isinstance(actual, list):
        for e, a in zip(expected, actual):
            equal(e, a, what)
        equal(len(expected), len(actual), f"{what}, rows")
    else:
        equal(str(expected)[:500], str(actual)[:500], what)


def by_door(who, then):
    """What users ask root's mount with the command, whose daemon answers, is what they ask in SQL: of their own files."""
    uid = USERS[who][0]
    last = sql("select max(op) from thule.op")[0][0]
    ops = sql(f"select count(*) from thule.op o where thule_internal.is_own(o.ino, '{{{uid}}}')")[0][0]
    told = door(who, "log", "--json", "-n", "100000")
    same_rows(int(ops), len(told), f"{who}: ops on own files")
    same_rows(told, rows(ask(who, "select coalesce(json_agg(c order by c.op desc), '[]') from thule.feed(0, 100000) c")), f"{who}: the log")
    same_rows([r for r in told if r["path"] not in (None, "/")], rows(ask(
        who, "select coalesce(json_agg(c order by c.op desc), '[]') from thule.changes_under('/') c")), f"{who}: the log by its directory")
    same_rows(door(who, "diff", "--json", f"op:{then}", f"op:{last}"), rows(ask(
        who, f"select coalesce(json_agg(d), '[]') from thule_internal.diff_seen({then}, {last}, null) d")), f"{who}: what differs")
    for name in ("opened", f"file-644-{ALICE}-{ALICE}", f"file-640-{BOB}-{STAFF}", f"file-0-{ALICE}-{ALICE}", "dir-700/inside"):
        answer = ask(who, f"select coalesce(json_agg(b), '[]') from thule.blame('/{name}') b")
        told = door(who, "blame", "--json", path(name))
        same_rows(told if isinstance(told, str) else told["ranges"], rows(answer), f"{who}: blame {name}")
    return int(ops)


def argument(name, kind, then, inode):
    """A value for a parameter, so that the answer has as much as it can."""
    named = {"by": "'directory'", "since": "timestamptz '2020-01-01'" if kind != "text" else "'op:1'", "t": f"'op:{then}'", "at_op": str(then), "upto": str(2**63 - 1),
             "after_op": "0", "max": "100000", "off": "0", "len": "100", "top": "null", "ino": str(inode), "uid": str(ALICE), "gid": str(STAFF)}
    kinds = {"text": "'/'", "timestamp with time zone": "now()", "bigint": str(inode), "integer": "420", "bytea": "'x'", "boolean": "true"}
    return f"{named.get(name, kinds[kind])}::{kind}"


def everything_asked(then, inodes):
    """What can be asked: every view, and every function that changes nothing, those of inodes with each of them."""
    calls = [f"thule.{row[0]}" for row in sql("select c.relname from pg_class c where c.relnamespace = 'thule'::regnamespace and c.relkind in ('v', 'm', 'r', 'p', 'f')")]
    for row in sql("""select p.proname, array_to_json(coalesce(p.proargnames[1:p.pronargs], '{}'))::text,
            (select json_agg(format_type(t.type, null) order by t.n) from unnest(p.proargtypes) with ordinality t (type, n))::text
            from pg_proc p where p.pronamespace = 'thule'::regnamespace and p.prokind = 'f' and p.prosrc !~ 'write_begin|write_octal'"""):
        names, kinds = json.loads(row[1]), json.loads(row[2] or "[]")
        for inode in inodes if "bigint" in kinds else inodes[:1]:
            calls.append(f"thule.{row[0]}({', '.join(argument(n, k, then, inode) for n, k in zip(names, kinds))})")
    return sorted(set(calls))


def leaks(who, secrets, then, inodes):
    """What of some texts is in the answers, or in errors, to that role: (what was asked, text)."""
    script = """create function pg_temp.told(call text) returns text language plpgsql as $$
        declare answer text; begin execute format('select string_agg(r::text, '' '') from %s r', call) into answer; return answer;
        exception when others then return sqlerrm; end $$;"""
    for call in everything_asked(then, inodes):
        quoted = "'" + call.replace("'", "''") + "'"
        script += f"\nselect json_build_array({quoted}, pg_temp.told({quoted}));"
    url = SOURCE.replace(f"//{os.environ['PGUSER']}@", f"//{role(who)}@")
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url], input=script, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) > 200 and any(a[1] and "/dir-755" in a[1] for a in answers), (who, len(answers), answers[:5])
    return {(call, secret) for call, answer in answers for secret in secrets if answer and secret in answer}


def keeps_secrets(who, then, out):
    """Whatever view or function there is, or will be: no path and no byte that the mount does not show to the user, now or then."""
    past = path(".thule", "at", f"op:{then}")
    seen, had = of_mount(who, MNT, out), of_mount(who, past, out)
    every, was = found(MNT), found(past)
    inodes = sorted({row[0] for row in every.values()} | {int(row[0]) for row in sql("select distinct ino from thule.inode_history")})
    secrets = {p for p in set(every) | set(was) if p not in seen and p not in had}
    secrets |= {row[5] for p, row in every.items() if (row[5] or "").startswith("bytes of") and seen.get(p, [None] * 6)[5] is None}
    assert len(secrets) > 10, secrets
    equal(set(), leaks(who, secrets, then, inodes), f"{who}: what is told and the mount does not show")
    if who == "carol":
        # A new one that shows everything is found.
        admin("create function thule.leak() returns setof text language sql security definer as $$ select path from thule.file $$")
        assert {"thule.leak()"} == {call for call, _ in leaks(who, secrets, then, inodes)}
        admin("drop function thule.leak()")


def main():
    need_root()
    out = os.path.join(os.environ["CASE_DIR"], "seen")
    os.chmod(os.environ["CASE_DIR"], 0o755)
    os.chmod(MNT, 0o755)
    for who, (uid, groups) in USERS.items():
        admin(f"create role {role(who)} login")
        equal("42501", ask(who, "select * from thule.file"), "nothing is granted")
        subprocess.run([THULE, "grant", "reader", role(who), "--uid", str(uid), "--gid", str(uid), "--groups",
                        ",".join(map(str, groups)) or "none"], check=True, env={**os.environ, "THULE_DB": SOURCE})
    make()
    then = sql("select max(op) from thule.op")[0][0]
    change()
    sql("select 1")
    present = 2**63 - 1
    counts, own = [], []
    for who in USERS:
        own.append(by_door(who, then))
        keeps_secrets(who, then, out)
        counts.append(compare(who, MNT, "thule.file", present, out))
        compare(who, path(".thule", "at", f"op:{then}"), f"thule.file_at_op({then})", int(then), out)
        # Paths that a user types, in directories that may be searched and not listed as well.
        for name in ("dir-711/inside", "dir-700/inside", "dir-744/inside", "dir-711/below/deep", "dir-700/none", "none"):
            def tries(name=name):
                try:
                    with open(path(name), "rb"):
                        reads = "t"
                except FileNotFoundError:
                    reads = "P0002"
                except PermissionError:
                    reads = "42501"
                with open(out, "w", encoding="utf8") as f:
                    f.write(reads)

            as_user(USERS[who][0], tries, USERS[who][1])
            with open(out, encoding="utf8") as f:
                reads = f.read()
            answer = ask(who, f"select length(thule.content('/{name}')) > 0")
            equal(reads, answer, f"{who} reads {name}")
    assert len(set(counts)) > 1 and len(set(own)) > 1, (counts, own)
    subprocess.run([THULE, "revoke", role("alice")], check=True, env={**os.environ, "THULE_DB": SOURCE})
    equal("42501", ask("alice", "select * from thule.file"), "what was revoked")


try:
    main()
finally:
    for user in USERS:
        subprocess.run(["psql", "-XAtq", "-d", SOURCE, "-c", f"drop owned by {role(user)}", "-c", f"drop role {role(user)}"], check=False)
