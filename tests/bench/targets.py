"""What is compared with what, and the ratio that is wanted.

A ratio is one of speeds, ours over theirs, so that above 1 is faster whatever the figure: a time is turned over.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    workload: str
    figure: str
    against: str
    least: float | None  # of the ratio; None: it is printed alone
    what: str
    why: str = ""  # it falls short where it does, whatever the machine
    ours: str = "thulefs"
    theirs: str | None = None  # their figure, when it has another name
    times: float = 1  # theirs that ours is worth

    @property
    def more_is_better(self):
        return self.figure.endswith("_per_s")


@dataclasses.dataclass(frozen=True)
class Limit:
    """Of a figure of ours that stands alone."""

    workload: str
    figure: str
    most: float | None
    what: str
    why: str = ""


def beside(workload, figure, what, passthrough, ext4, why=""):
    """The same figure against both."""
    return [Row(workload, figure, "passthrough_ll", passthrough, what, why), Row(workload, figure, "ext4", ext4, what, why)]


SMALL = "the server and the daemon share the processors with the command; passthrough_ll leaves the work to the kernel's ext4"
COPIES = "each byte is copied to the journal, to the server, to its WAL and to its tables"
ROUND_TRIPS = "what is in no cache is asked of another process, which has to be woken"
CLONE = "git writes a pack in pieces of 4 KiB, each a request, and the server and the daemon share the processors with it"
FLUSH = "an fsync passes two processes before the database's log is flushed"
JOURNAL = "an fsync passes the daemon before its journal is flushed"
TWO_HOSTS = "the daemons of both, and of all that is measured, share the processors with the server"
DEPTH = "indexes of more levels, and pages that are in no cache"

ROWS = [
    *beside("extract", "extract_files_per_s", "extract 20,000 files, fsync", 3.4, 0.33, SMALL),
    # One program makes our ops, so one client is its peer; what four clients reach stands beside it.
    Row("extract", "ops_per_s", "pgbench -c 1", 7.5, "committed mutating ops/s",
        "the ops wait for tar and the kernel as well, pgbench for nothing but its transactions"),
    Row("extract", "ops_per_s", "pgbench -c 4", None, "committed mutating ops/s"),
    *beside("extract", "find_cold_s", "find, cold, 20,000 files", 2, None, ROUND_TRIPS),
    *beside("extract", "ls_cold_s", "ls -lR, cold, 20,000 files", 2, None, ROUND_TRIPS),
    *beside("extract", "tar_cold_s", "tar to a pipe, cold, 20,000 files", 2, None, ROUND_TRIPS),
    *beside("extract", "grep_cold_s", "grep -r, cold, 20,000 files", 2, None, ROUND_TRIPS),
    *beside("extract", "remove_cold_s", "rm -rf, cold, 20,000 files", 2, None, ROUND_TRIPS),
    # The shares of ext4's speed are those that AgentFS has.
    *beside("copy", "copy_s", "cp -a, 4,900 files", None, 0.13, SMALL),
    *beside("copy", "copy_durable_s", "cp -a, 4,900 files, fsync", None, None),
    *beside("copy", "find_cold_s", "find, cold", 2, 0.31, ROUND_TRIPS),
    *beside("copy", "ls_cold_s", "ls -lR, cold", 2, 0.20, ROUND_TRIPS),
    *beside("copy", "tar_cold_s", "tar to a pipe, cold", 2, 0.40, ROUND_TRIPS),
    *beside("copy", "grep_cold_s", "grep -r, cold", 2, 0.30, ROUND_TRIPS),
    *beside("copy", "remove_cold_s", "rm -rf, cold", 2, 0.06, ROUND_TRIPS),
    *beside("copy", "stat_cold_us", "stat in random order, cold", 2.5, 0.21, ROUND_TRIPS),
    *beside("git", "clone_s", "git clone", None, 0.80, CLONE),
    *beside("git", "status_warm_s", "git status, warm", None, 1 / 1.5, ROUND_TRIPS),
    *beside("git", "status_cold_s", "git status, cold", None, 0.4, ROUND_TRIPS),
    *beside("build", "build_s", "a build of this project", None, 1 / 1.5, SMALL),
    *beside("install", "install_s", "6,000 files as npm makes them", None, 1 / 1.5, SMALL),
    *beside("npm", "npm_s", "npm install of 6,000 files", None, 1 / 1.5, SMALL),
    Row("cost", "apart_extract_ms", "history=off", 1 / 1.15, "extract, server on its own CPU",
        "each op is a row of the log with its index entries, and each version that ends is a row with one"),
    Row("cost", "wal_bytes_per_op", "history=off", None, "WAL bytes per op"),
    Row("cost", "database_bytes_per_op", "history=off", None, "database bytes per op"),
    *beside("warm", "warm_stat_ns", "warm stat", None, 0.95,
            "the kernel's FUSE layer revalidates names and permissions; see the number of requests to the daemon"),
    *beside("warm", "warm_read_mib_per_s", "warm read", None, 0.95, "the kernel's FUSE layer: no request reaches the daemon"),
    *beside("warm", "warm_ls_s", "warm ls -lR", None, 0.95, "directories are opened and read by request, which ext4 has no need of"),
    *beside("sequential", "write_mib_per_s", "1 GiB written and fsynced", None, 0.3, COPIES),
    *beside("sequential", "write_two_mib_per_s", "the same by two writers", None, 0.4, COPIES),
    *beside("sequential", "read_warm_mib_per_s", "1 GiB read, warm", None, None),
    *beside("sequential", "read_cold_mib_per_s", "1 GiB read, cold", 1, 0.16, COPIES),
    *beside("sequential", "read_remounted_mib_per_s", "the same, cached below the mount", None, None),
    Row("sequential", "read_remounted_mib_per_s", "libpq", 0.9, "the same, cached below the mount", COPIES),
    Row("sequential", "read_cold_mib_per_s", "libpq", None, "1 GiB read, cold"),
    *beside("random", "random_read_1_per_s", "4 KiB random reads, cold, depth 1", 0.8, 0.54, ROUND_TRIPS),
    Row("random", "random_read_1_per_s", "pgbench", 0.8, "4 KiB random reads, cold, depth 1", ROUND_TRIPS),
    *beside("random", "random_read_16_per_s", "4 KiB random reads, cold, depth 16", 0.8, 0.38, ROUND_TRIPS),
    Row("random", "random_read_16_per_s", "pgbench", 0.8, "4 KiB random reads, cold, depth 16", ROUND_TRIPS),
    *beside("commit", "random_write_per_s", "4 KiB random write, fdatasync", None, None, FLUSH),
    Row("commit", "random_write_per_s", "pgbench", 0.8, "4 KiB random write, fdatasync", FLUSH),
    *beside("commit", "append_ms", "append 4 KiB, fdatasync", None, None, FLUSH),
    *beside("commit", "small_fsync_ms", "small write, fsync", None, None, FLUSH),
    Row("commit", "small_fsync_ms", "pgbench", 1 / 1.3, "small write, fsync; one commit", FLUSH, theirs="commit_ms"),
    *beside("commit", "sqlite_ms", "sqlite commit", None, None, FLUSH),
    Row("commit", "sqlite_ms", "pgbench", 1 / 1.3, "sqlite commit; three commits", FLUSH, theirs="commit_ms", times=3),
    Row("commit", "small_fsync_ms", "ext4", 1 / 1.2, "small write, fsync", JOURNAL, ours="fsync=journal"),
    Row("commit", "sqlite_ms", "ext4", 1 / 1.2, "sqlite commit", JOURNAL, ours="fsync=journal"),
    *beside("point", "chmod_us", "chmod(2)", None, None, ROUND_TRIPS),
    Row("point", "transaction_us", "pgbench", 1 / 3, "thule.chmod, committed; pgbench's update of a row",
        "an op ends a version, begins the next and stands in the log, beside the lease and the marks: five rows for one", ours="SQL"),
    Row("hosts", "files_per_s", "one mount", 0.95, "small files, mounted on two hosts", TWO_HOSTS),
    Row("hosts", "synced_files_per_s", "one mount", 0.95, "the same, each fsynced", TWO_HOSTS),
    Row("scale", "create_per_s", "few files", 0.8, "create, many files against few", DEPTH),
    Row("scale", "lookup_us", "few files", 0.8, "lookup, many files against few", DEPTH),
    Row("scale", "readdir_us", "few files", 0.8, "readdir of 1,000, many against few", DEPTH),
]  # fmt: skip

LIMITS = [
    Limit("extract", "memory_bytes", 256 << 20, "largest memory of the daemon, bytes",
          "the journal's bytes that are not committed and the inodes that the kernel holds"),
    Limit("extract", "bytes_per_cached_inode", 400, "daemon's memory per cached inode, bytes"),
    Limit("extract", "bytes_per_file", 1536, "database bytes per small file with its history, beside its data"),
    Limit("extract", "ops_per_transaction", None, "ops per transaction while extracting"),
    Limit("extract", "wal_bytes_per_op", None, "WAL bytes per op"),
    Limit("extract", "database_bytes_per_op", None, "database bytes per op, content included"),
    Limit("hosts", "strict_synced_ms", 50, "two hosts write in strict turns, fsynced; a turn, ms", TWO_HOSTS),
    Limit("hosts", "strict_closed_ms", 50, "the same, closed; a turn, ms", TWO_HOSTS),
    Limit("hosts", "busy_ms", 50, "two hosts write at all times; a turn, ms", TWO_HOSTS),
    Limit("hosts", "seen_ms", 50, "until another host shows what is committed, ms", TWO_HOSTS),
    Limit("hosts", "sql_busy_ms", 20, "thule.chmod beside a mount that writes, above a commit, ms"),
    Limit("hosts", "sql_idle_ms", 100, "thule.chmod beside an idle mount, above a commit, ms"),
    Limit("hosts", "sql_row_ms", None, "many thule.chmod in a row beside an idle mount, above a commit, ms"),
    Limit("warm", "warm_stat_requests", 0, "requests to the daemon in warm stat"),
]  # fmt: skip
