#!/usr/bin/python3
# `thule metrics`: what it says is exact, parses as OpenMetrics (by the parser of Prometheus' own client, which is strict) and, as a
# textfile, with promtool, also under load and for mount points with hostile names. It answers whatever daemon and server do.
# db: private
import os
import shutil
import subprocess
import threading

from case import MNT, equal, fails, need_root, path, shell, skip, sql, write
from other import eventually
from stopped import Stopped, StoppedServer

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    skip("python3-prometheus-client is not installed")
if not shutil.which("promtool"):
    skip("promtool is not installed")

THULE, THULEFS, CASE_DIR = os.environ["THULE"], os.environ["THULEFS"], os.environ["CASE_DIR"]
ALICE = 65530
FILES = 40
# Quotes, a backslash, a newline, a tab, and what has a meaning in the format.
HOSTILE = CASE_DIR + '/a"b\\c\nd\te} 1 # {é'


def run(*words, uid=0):
    done = subprocess.run([THULE, "metrics", *words], user=uid, group=uid, extra_groups=[], cwd="/", stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    equal((0, ""), (done.returncode, done.stderr), f"status of thule metrics {words} as {uid}")
    return done.stdout


class Scrape(dict):
    """{name: {labels beside `mountpoint`, `le` first, then by name, as a tuple of values: value}} of one mount point; types by family."""

    def __init__(self, *words, mountpoint=MNT, uid=0):
        super().__init__()
        self.types = {}
        for family in text_string_to_metric_families(run(*words, uid=uid)):
            self.types[family.name] = family.type
            for sample in family.samples:
                labels = dict(sample.labels)
                if labels.pop("mountpoint", mountpoint) == mountpoint:
                    key = tuple(labels[name] for name in sorted(labels, key=lambda name: (name != "le", name)))
                    equal(False, key in self.setdefault(sample.name, {}), f"another {sample}")
                    self[sample.name][key] = sample.value

    def value(self, name, *labels, default=None):
        return self.get("thulefs_" + name, {}).get(labels, default)


def check_text(*words):
    """As a textfile, which others may read, it has nothing that promtool objects to."""
    file = os.path.join(CASE_DIR, "thulefs.prom")
    run(*words, "--textfile", file)
    equal(0o644, os.stat(file).st_mode & 0o777, "mode of the textfile")
    equal([], [name for name in os.listdir(CASE_DIR) if name.startswith("thulefs.prom.")], "what is left beside the textfile")
    with open(file, encoding="utf-8") as f:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=f, capture_output=True, text=True, check=False)
    equal((0, "", ""), (done.returncode, done.stdout, done.stderr), f"promtool on {words}")


def check_histogram(scrape, name):
    """Buckets grow to what is counted, for each operation."""
    series = {}
    for key, value in scrape[name + "_bucket"].items():
        le = key[0]
        series.setdefault(key[1:], []).append((float(le), value))
    equal(set(scrape[name + "_count"]), set(series), f"series of {name}")
    for key, buckets in series.items():
        counts = [count for _, count in sorted(buckets)]
        equal(sorted(counts), counts, f"buckets of {name} {key}")
        equal(scrape[name + "_count"][key], counts[-1], f"the last bucket of {name} {key}")


def requests(scrape, operation):
    return scrape.value("request_duration_seconds_count", operation, default=0)


def exact():
    before = Scrape(MNT)
    for i in range(FILES):
        write(f"f{i}", b"x")
    os.mkdir(path("full"))
    write("full/one", b"1")
    for _ in range(3):
        fails(39, os.rmdir, path("full"))  # ENOTEMPTY
    fd = os.open(MNT, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    after = Scrape(MNT)
    equal(FILES + 1, requests(after, "create") - requests(before, "create"), "creates")
    equal(3, after.value("reply_errors_total", "ENOTEMPTY") - before.value("reply_errors_total", "ENOTEMPTY", default=0), "errors")
    equal(0, before.value("reply_errors_total", "EIO"), "errors that never come")
    equal({"histogram"}, {after.types[f"thulefs_{name}"] for name in ("request_duration_seconds", "commit_duration_seconds")}, "types")
    for name in ("request_duration_seconds", "commit_duration_seconds", "query_duration_seconds", "batch_operations"):
        check_histogram(after, "thulefs_" + name)
    ops = int(sql("select max(op) from thule.op")[0][0])
    equal([ops, 0, 0, 0], [after.value(name) for name in ("committed_operations_total", "journal_uncommitted_operations",
          "journal_unflushed_operations", "journal_lag_seconds")], "what the journal has")
    equal(after.value("committed_operations_total") - before.value("committed_operations_total"),
          after.value("batch_operations_sum") - before.value("batch_operations_sum"), "changes in batches")
    equal(True, abs(after.value("journal_flush_timestamp_seconds") - os.stat(path("full/one")).st_mtime) < 60, "the last flush")
    equal((1, 1, 1), (after.value("up"), after.value("lease_held"), after.value("transport_info", "dev")), "how it is")
    equal(True, after.value("disk_size_bytes") >= after.value("disk_free_bytes") > after.value("disk_room_bytes") > 0, "the disk")
    equal(set(after["thulefs_memory_limit_bytes"]), set(after["thulefs_memory_bytes"]), "budgets")
    equal(True, after.value("memory_bytes", "inodes") > 0 and ("journal",) not in after["thulefs_memory_bytes"], "memory")
    phases = sum(v for (operation, _), v in after["thulefs_request_phase_seconds_sum"].items() if operation == "create")
    total = after.value("request_duration_seconds_sum", "create")
    equal(True, abs(phases - total) < 0.01 * total, f"phases of create {phases}, together {total}")


def warned():
    """A warning in the log counts, and says when."""
    before = Scrape(MNT)
    subprocess.run([THULE, "sql", "-c", "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"],
                   cwd=MNT, check=True, stdout=subprocess.DEVNULL)
    write("after", b"the sessions were lost")
    after = eventually("a warning", lambda: (s := Scrape(MNT)).value("log_lines_total", "warning") >
                       before.value("log_lines_total", "warning") and s)
    equal(True, after.value("last_error_timestamp_seconds") > 1e9, "when it was")
    eventually("the lease", lambda: Scrape(MNT).value("lease_held") == 1)


def under_load():
    """Whatever happens meanwhile, each scrape is whole."""
    end = threading.Event()

    def work(n):
        for i in range(10**9):
            if end.is_set():
                return
            write(f"load-{n}-{i % 50}", b"x" * (i % 5000))
            os.rename(path(f"load-{n}-{i % 50}"), path(f"load-{n}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        last = 0
        for _ in range(10):
            scrape = Scrape(MNT)
            check_histogram(scrape, "thulefs_request_duration_seconds")
            equal(True, requests(scrape, "rename") >= last, "renames")
            last = requests(scrape, "rename")
        check_text(MNT)
        check_text(MNT, "--database")
    finally:
        end.set()
        for thread in threads:
            thread.join()


def database():
    """What changes slowly: sizes of tables, the oldest instant, retention."""
    begun = Scrape(MNT, "--database")
    equal({"present", "history", "blobs", "log", "other"}, {kind for kind, in begun["thulefs_database_size_bytes"]}, "kinds")
    # Vacuum changes them, too.
    eventually("the size of blobs", lambda: int(sql("select pg_total_relation_size('thule.blob')")[0][0]) ==
               Scrape(MNT, "--database").value("database_size_bytes", "blobs"))
    equal((1, None), (begun.value("database_up"), begun.value("retention_seconds")), "an answer without a retention")
    equal(float(sql("select extract(epoch from created) from thule.superblock")[0][0]),
          begun.value("oldest_instant_timestamp_seconds"), "the oldest instant")
    subprocess.run([THULE, "config", "set", "retention", "90d"], cwd=MNT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([THULE, "prune", "--keep", "0s"], cwd=MNT, check=True, stdout=subprocess.DEVNULL)
    now = Scrape(MNT, "--database")
    equal(90 * 86400, now.value("retention_seconds"), "retention")
    equal(True, now.value("oldest_instant_timestamp_seconds") > begun.value("oldest_instant_timestamp_seconds"), "after pruning")
    equal(None, now.value("up"), "what the daemon says, among what the database says")


def other_users():
    """They are told that it is up, and nothing of what others do."""
    scrape = Scrape(MNT, uid=ALICE)
    equal((1, None, None), (scrape.value("up"), scrape.value("request_duration_seconds_count", "create"), scrape.value("log_lines_total", "error")),
          "what another user is told")
    equal(True, scrape.value("journal_bytes") is not None, "the journal, for another user")


def server_away():
    with StoppedServer():
        write("waits", b"for the server")
        scrape = eventually("lag", lambda: (s := Scrape(MNT)).value("journal_lag_seconds") > 0.2 and s)
        equal((1, True), (scrape.value("up"), scrape.value("journal_uncommitted_operations") >= 1), "while the server stands still")
        equal(0, Scrape(MNT, "--database").value("database_up"), "the database meanwhile")
    eventually("no lag", lambda: Scrape(MNT).value("journal_lag_seconds") == 0)


def two_mounts():
    """Each mount once, also one with a hostile name, and one that is mounted on another directory as well."""
    bound = os.path.join(CASE_DIR, "bound")
    os.mkdir(HOSTILE)
    os.mkdir(bound)
    subprocess.run(["mount", "--bind", MNT, bound], check=True)
    subprocess.run([THULEFS, os.environ["THULE_SOURCE"], HOSTILE, "-o", "at=now"], check=True)
    try:
        eventually("the second mount", lambda: Scrape(mountpoint=HOSTILE).value("up") == 1)
        scrape = Scrape(mountpoint=HOSTILE)
        equal((None, None), (scrape.value("lease_held"), scrape.value("journal_bytes")), "the journal of a mount of the past")
        both = Scrape()
        equal(1, both.value("up"), "the first mount")
        equal(None, Scrape(mountpoint=bound).value("up"), "the same mount elsewhere")
        equal(True, both["thulefs_mounts"][()] >= 2, "mounts")
        check_text()
    finally:
        subprocess.run(["umount", bound], check=True)
        subprocess.run(["fusermount3", "-u", HOSTILE], check=True)
    # A byte that is not UTF-8 is shown by its number.
    os.mkdir(HOSTILE.encode() + b"\xff")
    equal(0, Scrape(HOSTILE.encode() + b"\xff", mountpoint=HOSTILE + "\\xff").value("up"), "a directory without a mount")


def no_daemon():
    """One that stands still, one that was killed, and none."""
    with Stopped(int(shell("daemon_pid"))):
        scrape = Scrape(MNT)
        equal((0, None), (scrape.value("up"), scrape.value("journal_bytes")), "while the daemon stands still")
    shell("kill_only_daemon")
    equal(0, Scrape(MNT).value("up"), "after the daemon was killed")
    check_text(MNT)
    shell("wait_daemon_gone")
    subprocess.run(["fusermount3", "-uz", MNT], check=True)
    scrape = Scrape(MNT)
    equal((0, 0), (scrape.value("up"), scrape["thulefs_mounts"][()]), "where nothing is mounted")
    equal(0, Scrape(MNT, "--database").value("database_up"), "its database")
    shell("mount_fs")
    equal(1, Scrape(MNT).value("up"), "after it was mounted again")


def refused():
    """A textfile that cannot be written is a failure, and leaves the one before."""
    for words, said in ((("--textfile", CASE_DIR), "cannot write"), (("--textfile", "/no such folder/x"), "/no such folder/x"), (("/none",), "/none")):
        done = subprocess.run([THULE, "metrics", *words], cwd="/", capture_output=True, text=True, check=False)
        equal((True, True), (done.returncode != 0, said in done.stderr), f"{words}: {done}")
    equal([], [name for name in os.listdir(os.path.dirname(CASE_DIR)) if name.startswith(os.path.basename(CASE_DIR) + ".")], "what is left")


def main():
    need_root()
    exact()
    warned()
    under_load()
    database()
    other_users()
    server_away()
    two_mounts()
    no_daemon()
    refused()


main()
