"""What a long history costs: diff, log and listings of the past, in histories that history.sql makes."""

import os
import statistics

import scratch
from scratch import Failure, say, timed
from workload import Special

MAKER = os.path.join(scratch.BENCH, "history.sql")
SHORT_OPS = 10_000
A_FOLDER = 200  # files, as history.sql has them
FOLDERS = 20  # that are listed, at the most
LOG_FILE = "/dir7/file-1404.txt"  # four ops, however long the history
LEAST_FILES = 1600  # of which it is one
LOG_ROUNDS = 100
LOG_TURNS = 15
ROUNDS = 3  # of all that is compared, by turns

# Every row that began or ended in between: where it is, among all others, and in tables with nothing else.
PARTS = {"op": "op", "inode": "op_from", "inode_history": "op_to", "dirent": "op_from", "dirent_history": "op_to",
         "extent": "op_from", "extent_history": "op_to"}
CHANGED = {name: f"thule.{name} t, bench_mark where {op} >= before and {op} < after" for name, op in PARTS.items()}
SCANS = """
set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off;
set max_parallel_workers_per_gather = 0; set jit = off;
"""


def count_of(sources):
    return f"{SCANS} select sum(n) from ({' union all '.join(f'select count(*) from {s}' for s in sources)}) r (n)"


COUNT_AMONG_ALL = count_of(CHANGED.values())
COUNT = count_of(f"bench_{name}" for name in PARTS)
LOG = f"""
do $$
declare
    started timestamptz := clock_timestamp();
    n bigint;
begin
    for i in 1..{LOG_ROUNDS} loop
        select count(*) into strict n from thule.log('{LOG_FILE}');
    end loop;
    if n <> 4 then
        raise exception '% ops instead of 4', n;
    end if;
    perform set_config('bench.us', (extract(epoch from clock_timestamp() - started) * 1e6 / {LOG_ROUNDS})::text, false);
end $$;
select current_setting('bench.us') || '|' ||
    (select coalesce(sum(seq_scan), 0) from pg_stat_xact_user_tables where relname in ('op', 'dirent', 'dirent_history'))
"""


def make(thule, ops, files):
    say(f"history: {ops} ops, and {files} files that change")
    thule.start()
    thule.unmount()
    thule.thule("sql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", f"filler={ops}", "-v", f"files={files}", "-f", MAKER)


def log_of_one_file(thule):
    """Microseconds for a call, and how often a table was scanned for it."""
    text = thule.sql("begin; " + LOG + "; commit").splitlines()
    line = next(line for line in text if "|" in line)
    us, scans = line.split("|")
    return float(us), int(scans)


def list_folders(root, folders):
    found = 0
    for n in range(folders):
        with os.scandir(os.path.join(root, f"dir{n}")) as entries:
            found += sum(1 for entry in entries if entry.stat(follow_symlinks=False).st_size >= 0)
    return found


def listings(thule, folders, figures):
    """`ls -l` of some folders: cold, the server and all caches are new."""
    before = int(thule.sql("select before - 1 from bench_mark"))
    for name, place in (("present", ""), ("past", f".thule/at/op:{before}")) * ROUNDS:
        thule.thule("cluster", "stop")
        scratch.drop_caches()
        thule.mount()
        root = os.path.join(thule.dir, place)
        os.stat(root)
        figures.setdefault(f"ls_{name}_cold_s", []).append(timed(list_folders, root, folders))
        figures.setdefault(f"ls_{name}_warm_s", []).append(timed(list_folders, root, folders))
        thule.unmount()


def differences(thule, figures):
    """The function and the command beside counts of every row that the change began or ended."""
    first, last = thule.sql("select before - 1 || '|' || after - 1 from bench_mark").split("|")
    for name, source in CHANGED.items():
        thule.sql(f"create unlogged table bench_{name} as select t.* from {source}")
        thule.sql(f"vacuum analyze bench_{name}")
    figures["count_rows"] = int(thule.sql(COUNT))
    difference = f"select count(*) from thule_internal.diff_ops({first}, {last}, null)"
    figures["diff_rows"] = int(thule.sql(difference))
    for _ in range(ROUNDS):
        figures.setdefault("count_s", []).append(timed(thule.sql, COUNT))
        figures.setdefault("count_among_all_s", []).append(timed(thule.sql, COUNT_AMONG_ALL))
        figures.setdefault("diff_s", []).append(timed(thule.sql, difference))
        figures.setdefault("diff_command_s", []).append(timed(thule.thule, "diff", f"op:{first}", f"op:{last}"))


def log_in_both(short, thule, figures):
    """By turns. Returns how often a table was scanned."""
    scans = 0
    for fs, name in ((short, "short"), (thule, "long")) * LOG_TURNS:
        us, scanned = log_of_one_file(fs)
        figures.setdefault(f"log_{name}_us", []).append(us)
        scans += scanned
    return scans


def measure(bench):
    """A short history and a long one, each in a database of its own; log in both by turns."""
    files, ops = bench.sizes.history_files, bench.sizes.history_ops
    if files < LEAST_FILES:
        raise Failure(f"history-files={files}: there must be {LEAST_FILES} at least, one of which is asked about")
    figures = {"ops": ops, "short_ops": SHORT_OPS, "files": files}
    short, thule = bench.thule(as_name="short"), bench.thule()
    make(short, min(SHORT_OPS, ops), 2_000)
    make(thule, ops, files)
    scans = log_in_both(short, thule, figures)
    short.stop()
    differences(thule, figures)
    listings(thule, min(FOLDERS, files // A_FOLDER), figures)
    thule.stop()
    medians = {name: statistics.median(value) if isinstance(value, list) else value for name, value in figures.items()}
    return {**medians, "log_table_scans": scans, "rounds": figures}


WORKLOADS = [
    Special("history", "diff, log and listings of the past, in a long history", measure,
            ("diff_rows", "diff_s", "count_s", "count_among_all_s", "diff_command_s", "log_long_us", "log_short_us",
             "log_table_scans", "ls_past_cold_s", "ls_present_cold_s", "ls_past_warm_s", "ls_present_warm_s"),
            bytes=lambda sizes: sizes.history_ops * 900 + sizes.history_files * 12_000),
]  # fmt: skip
