"""What a long history costs: diff, log and listings of the past, in histories that history.sql makes.

THULE_BENCH_OPS sets how many ops the long one has before what is compared (default 1,000,000).
"""

import os
import statistics

import scratch
from scratch import say, timed

MAKER = os.path.join(scratch.BENCH, "history.sql")
SHORT_OPS = 2_000
LONG_OPS = int(os.environ.get("THULE_BENCH_OPS", "1000000"))
FOLDERS = 20  # that are listed
LOG_FILE = "/dir7/file-1404.txt"  # four ops, however long the history
LOG_ROUNDS = 500

# Every row that began or ended in between, counted by scans alone.
COUNT = """
set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off;
set max_parallel_workers_per_gather = 0; set jit = off;
select sum(n) from bench_mark m cross join lateral (
    select count(*) from thule.op where op >= before and op < after
    union all select count(*) from thule.inode where op_from >= before and op_from < after
    union all select count(*) from thule.inode_history where op_to >= before and op_to < after
    union all select count(*) from thule.dirent where op_from >= before and op_from < after
    union all select count(*) from thule.dirent_history where op_to >= before and op_to < after
    union all select count(*) from thule.extent where op_from >= before and op_from < after
    union all select count(*) from thule.extent_history where op_to >= before and op_to < after) r (n)
"""
DIFF = "select count(*) from bench_mark m cross join lateral thule.diff_ops(m.before - 1, m.after - 1, null)"
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


def list_folders(root):
    found = 0
    for n in range(FOLDERS):
        with os.scandir(os.path.join(root, f"dir{n}")) as entries:
            found += sum(1 for entry in entries if entry.stat(follow_symlinks=False).st_size >= 0)
    return found


def listings(thule, figures):
    """`ls -l` of some folders: cold, the server and all caches are new."""
    before = int(thule.sql("select before - 1 from bench_mark"))
    for name, place in (("present", ""), ("past", f".thule/at/op:{before}")):
        thule.thule("cluster", "stop")
        scratch.drop_caches()
        thule.mount()
        root = os.path.join(thule.dir, place)
        os.stat(root)
        figures[f"ls_{name}_cold_s"] = timed(list_folders, root)
        figures[f"ls_{name}_warm_s"] = timed(list_folders, root)
        thule.unmount()


def measure(thule, files):
    figures = {"ops": LONG_OPS, "files": files}
    make(thule, SHORT_OPS, 2_000)
    figures["log_short_us"], scans = log_of_one_file(thule)
    thule.stop()
    make(thule, LONG_OPS, files)
    figures["log_long_us"], scans_long = log_of_one_file(thule)
    figures["log_table_scans"] = scans + scans_long
    for _ in range(3):
        figures.setdefault("count_all_s", []).append(timed(thule.sql, COUNT))
        figures.setdefault("diff_all_s", []).append(timed(thule.sql, DIFF))
    figures["count_rows"] = int(thule.sql(COUNT))
    figures["diff_rows"] = int(thule.sql(DIFF))
    for name in ("count", "diff"):
        figures[f"{name}_s"] = statistics.median(figures.pop(f"{name}_all_s"))
    listings(thule, figures)
    thule.stop()
    return figures
