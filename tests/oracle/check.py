"""Compares what the model remembers with all ways to read the past."""

import datetime
import os

import live
import readers
from compare import Difference, agree, digest, equal, fields, rows, without

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def time_text(us):
    return (EPOCH + datetime.timedelta(microseconds=us)).strftime("%Y-%m-%d %H:%M:%S.%f+00")


class Check:
    """Of one session that has been committed. rng chooses where the expensive ways look."""

    def __init__(self, session, rng, without=()):
        self.left_out = without
        self.session = session
        self.server = session.server
        self.rng = rng
        self.counts = {}

    def instants(self):
        """Those that are compared."""
        s = self.session
        return [i for i in s.instants if i.state and (s.exact or s.ends_batch(i.op))]

    def count(self, way, n=1):
        self.counts[way] = self.counts.get(way, 0) + n

    def sample(self, instants, n):
        """Mostly inside batches, where there are such."""
        inside = [i for i in instants if not self.session.ends_batch(i.op)]
        chosen = self.rng.sample(inside, min(len(inside), n - n // 3))
        return chosen + self.rng.sample(instants, min(len(instants), n - len(chosen)))

    def present(self):
        s = self.session
        agree("the mount, now", "the end", s.rows_of(s.known, "btime"), live.read(s.folder))
        self.count("the mount, now")

    def cheap(self, instants):
        """In SQL, at every op."""
        s = self.session
        ops = [i.op for i in instants]
        trees = readers.sql_trees(self.server, s.top, ops)
        files = readers.sql_files(self.server, s.top_path, ops)
        for i in instants:
            expected = s.rows_of(i.state)
            agree("tree_at_op", f"op:{i.op}", expected, trees[i.op])
            agree("file_at_op", f"op:{i.op}", in_microseconds(expected), files[i.op])
        self.count("tree_at_op", len(ops))
        self.count("file_at_op", len(ops))
        if "blame" not in self.left_out:
            self.blame(instants)
        self.changes(instants)

    def blame(self, instants):
        s = self.session
        inos = {n.ino for i in instants for n in i.state.tree(s.top).values() if n.kind == "file"}
        found = readers.sql_blame(self.server, inos, [i.op for i in instants])
        for i in instants:
            for path, inode in i.state.tree(s.top).items():
                equal("blame_at_op", "writers", f"op:{i.op}, {path!r}", list(inode.writers), found.get((i.op, inode.ino), []))
        self.count("blame_at_op", len(instants))

    def changes(self, instants):
        """The paths that thule.change gives are those of then; of several of a file it may be any."""
        s = self.session
        found = readers.sql_changes(self.server, [i.op for i in instants])
        for i in instants:
            if not i.effect:
                continue
            names = places(i.state.tree(s.top))
            path, new_path = found[i.op]
            for got, parent, name in ((path, i.effect.parent, i.effect.name), (new_path, i.effect.new_parent, i.effect.new_name)):
                if parent is not None:
                    equal("thule.change", "path", f"op:{i.op}, {i.kind}", s.top_path + f"{names[parent][0]}/{name}"[1:], got)
            if i.effect.parent is None and i.effect.new_parent is None:
                wanted = [s.top_path + p[1:] for p in names.get(i.effect.ino, ())]
                if got_other(path, wanted):
                    raise Difference("thule.change", "path", [f"op:{i.op}, {i.kind}: is {path!r}, and was {wanted}"])
        self.count("thule.change", len(instants))

    def by_path(self, instant):
        """SQL by path, and by time."""
        s = self.session
        at = time_text(instant.at)
        expected = s.rows_of(instant.state)
        agree("file_at", at, expected, readers.sql_by_time(self.server, s.top_path, at))
        files = {s.top_path + p[1:]: i for p, i in instant.state.tree(s.top).items() if i.kind == "file"}
        some = self.rng.sample(sorted(files), min(len(files), 5))
        for path, contents in readers.sql_contents(self.server, instant.op, at, some).items():
            for content in contents:
                equal("content, content_at_op", "content", f"{path} {at}", digest(files[path].data), digest(content))
        self.count("file_at")
        self.count("content", 2 * len(some))

    def times(self, instants):
        """A time means the last op that is not after it."""
        every = self.session.instants
        following = dict(zip(every, every[1:]))
        values = ",".join(f"({i.op}, {i.at}, {following[i].at - 1 if i in following else i.at})" for i in instants)
        for row in self.server.rows(
            "select v.op, thule.op_at(timestamptz 'epoch' + v.a * interval '1 us') as at,"
            f" thule.op_at(timestamptz 'epoch' + v.b * interval '1 us') as last from (values {values}) v (op, a, b)"
        ):
            equal("op_at", "time of an op", f"op:{row['op']}", row["op"], row["at"])
            equal("op_at", "just before the next op", f"op:{row['op']}", row["op"], row["last"])
        self.count("op_at", 2 * len(instants))

    def moment(self, instant):
        """Some way to say an instant."""
        every = self.session.instants
        n = every.index(instant)
        last = every[n + 1].at - 1 if n + 1 < len(every) else instant.at
        return self.rng.choice((f"op:{instant.op}", time_text(instant.at), time_text((instant.at + last) // 2), time_text(last)))

    def costly(self, instants, mounts, name=None):
        """In the mount and by commands, at a few; or at one that has a name."""
        s = self.session
        for n, i in enumerate(instants if "commands" not in self.left_out else ()):
            t = name or self.moment(i)
            expected = s.rows_of(i.state)
            self.folder(i, t, n < mounts)
            archived = {p: r for p, r in expected.items() if r["kind"] != "socket"}
            agree("tar", t, without(archived, "ino", "nlink", "ctime", "btime"), readers.tar(s.folder, t))
            self.count("tar")
            self.by_path(i)
            self.single(i, t)

    def folder(self, instant, t, alone=False):
        """The tree below .thule/at, or a mount of its own as well."""
        s = self.session
        shown = {p: readers.shown_in_mount(r) for p, r in s.rows_of(instant.state).items()}
        agree(".thule/at", t, shown, without(readers.at_folder(s.top_path, t), "ino"))
        self.count(".thule/at")
        if alone:
            agree("-o at=", t, shown, without(readers.at_mount(s.top_path, t), "ino"))
            self.count("-o at=")

    def single(self, instant, t):
        """thule ls, stat and cat of something."""
        s = self.session
        tree = instant.state.tree(s.top)
        folder = self.rng.choice([p for p, i in tree.items() if i.kind == "directory"])
        expected = {name: fields(instant.state.inodes[ino]) for name, ino in tree[folder].entries}
        agree("ls", f"{folder} {t}", expected, readers.ls(os.path.join(s.folder, folder), t))
        path = self.rng.choice(list(tree))
        agree("stat", t, {path: fields(tree[path])}, {path: readers.stat(os.path.join(s.folder, path), t)})
        files = [p for p, i in tree.items() if i.kind == "file"]
        if files:
            path = self.rng.choice(files)
            equal("cat", "content", f"{path} {t}", digest(tree[path].data), digest(readers.cat(os.path.join(s.folder, path), t)))
        for way in ("ls", "stat", "cat"):
            self.count(way)

    def diffs(self, instants, n):
        """thule diff of pairs; of what has one name at both instants. A prune may leave no pair."""
        for _ in range(n if "diff" not in self.left_out and len(instants) > 1 else 0):
            a, b = sorted(self.rng.sample(instants, 2), key=lambda i: i.op)
            self.diff(a, b)

    def diff(self, a, b):
        s = self.session
        named = f"diff op:{a.op} op:{b.op}"
        before, after = places(a.state.tree(s.top)), places(b.state.tree(s.top))
        clear = {ino for ino in before.keys() | after.keys() if len(before.get(ino, "1")) == len(after.get(ino, "1")) == 1} - {s.top}
        found = {}
        for row in readers.diff(s.folder, f"op:{a.op}", f"op:{b.op}"):
            found.setdefault(row["ino"], row)
        for ino in sorted(clear):
            self.diff_of(named, found.get(ino), *(side.get(ino) and (side[ino][0], state.inodes[ino], parents(state, s.top))
                                                  for side, state in ((before, a.state), (after, b.state))))
        self.count("diff")

    def diff_of(self, named, row, old, new):
        """What diff says of an inode that has (path, inode, places) before or after."""
        if not old or not new:
            return self.diff_came_or_went(named, row, old, new)
        was, now = old[1], new[1]
        what = {"mode": was.mode != now.mode, "owner": (was.uid, was.gid) != (now.uid, now.gid), "xattr": was.xattrs != now.xattrs}
        if was.kind == "file":
            what["content"] = was.data != now.data
            if was.data == now.data and was.writers != now.writers:
                del what["content"]  # written anew, or undone since
        moved = old[2].get(was.ino) != new[2].get(was.ino)
        got = set(row["what"] or ()) if row else set()
        wanted = {k for k, v in what.items() if v}
        equal("diff", "what", f"{named}, {new[0]!r}", sorted(wanted), sorted(got & set(what)))
        if moved and row is None:
            raise Difference("diff", "a rename is missing", [f"{named}: {old[0]!r} -> {new[0]!r}"])
        if row:
            equal("diff", "change", f"{named}, {new[0]!r}", "renamed" if moved else "modified", row["change"])
            equal("diff", "sizes", f"{named}, {new[0]!r}", [was.size, now.size], [row["old_size"] or 0, row["new_size"] or 0])
        return None

    def diff_came_or_went(self, named, row, old, new):
        path, inode = (old or new)[:2]
        if row is None:
            if not new:
                return  # it may be the old one of what was replaced
            raise Difference("diff", "a new file is missing", [f"{named}: {path!r}, {inode.kind}"])
        equal("diff", "path", named, self.session.top_path + path[1:], readers.unescape(row["path"]))
        if row["change"] not in (("added", "replaced") if new else ("removed", "replaced")):
            raise Difference("diff", "change", [f"{named}: {path!r} was {row['change']}"])

    def restored(self, instant, number):
        """thule restore into a new directory, which is no part of what is remembered."""
        s = self.session
        t, name = self.moment(instant), f"{s.folder}-restored-{number}"
        readers.output("restore", s.folder, "--at", t, "--to", name, "--yes")
        expected = without(s.rows_of(instant.state), "ino", "nlink", "ctime", "btime")
        agree("restore --to", t, expected, live.read(name))
        self.count("restore --to")

    def refused(self, instant):
        """What was pruned has no state any more."""
        t = f"op:{instant.op}"
        for way, read in (
            (".thule/at", lambda: readers.at_folder(self.session.top_path, t)),
            ("tar", lambda: readers.tar(self.session.folder, t)),
            ("ls", lambda: readers.ls(self.session.folder, t)),
            ("stat", lambda: readers.stat(self.session.folder, t)),
            ("diff", lambda: readers.diff(self.session.folder, t, "now")),
            ("restore", lambda: readers.output("restore", self.session.folder, "--at", t, "--to", self.session.folder + "-none")),
        ):
            try:
                read()
            except (AssertionError, OSError):
                self.count("refused")
                continue
            raise Difference(way, "shows what was pruned", [t])


def places(tree):
    """Paths by inode number."""
    found = {}
    for path, inode in tree.items():
        found.setdefault(inode.ino, []).append(path)
    return found


def got_other(path, wanted):
    """Whether a path is none of those, or there is one although there are none."""
    return path not in wanted if wanted else path is not None


def parents(state, top):
    """(directory, name) by inode number; one of them where there are several."""
    return {ino: (inode.ino, name) for inode in state.tree(top).values() for name, ino in inode.entries}


def in_microseconds(expected):
    wanted = without(expected, "target", "content", "xattrs", "rdev")
    return {p: {k: v // 1000 if k in ("mtime", "ctime", "btime") and v is not None else v for k, v in r.items()}
            for p, r in wanted.items()}
