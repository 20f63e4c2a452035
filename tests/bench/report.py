"""Medians, ratios, the table and the JSON file."""

import json
import os
import statistics

import scratch

# Figure, of, against, and the ratio that is wanted; what the figure is.
TARGETS = [
    ("extract_files_per_s", "thulefs", "passthrough_ll", ">=", 1.2, "extract 20,000 files, fsync"),
    # One program makes our ops, so one client is its peer; what four clients reach stands beside it.
    ("ops_per_s", "thulefs", "pgbench -c 1", ">=", 4.0, "committed mutating ops/s"),
    ("ops_per_s", "thulefs", "pgbench -c 4", None, None, "committed mutating ops/s"),
    ("apart_extract_ms", "thulefs", "history=off", "<=", 1.15, "extract, server on its own CPU, ms"),
    ("wal_bytes_per_op", "thulefs", "history=off", None, None, "WAL bytes per op"),
    ("database_bytes_per_op", "thulefs", "history=off", None, None, "database bytes per op"),
    ("warm_stat_ns", "thulefs", "ext4", "<=", 1.1, "warm stat, ns"),
    ("warm_stat_ns", "thulefs", "passthrough_ll", None, None, "warm stat, ns"),
    ("write_mib_per_s", "thulefs", "ext4", ">=", 0.12, "1 GiB written and fsynced, MiB/s"),
    ("extract_files_per_s", "thulefs", "ext4", None, None, "extract 20,000 files, fsync"),
    ("write_mib_per_s", "thulefs", "passthrough_ll", None, None, "1 GiB written and fsynced, MiB/s"),
    ("read_warm_mib_per_s", "thulefs", "ext4", None, None, "1 GiB read, warm, MiB/s"),
    ("read_cold_mib_per_s", "thulefs", "ext4", None, None, "1 GiB read, cold, MiB/s"),
    ("read_cold_mib_per_s", "thulefs", "passthrough_ll", None, None, "1 GiB read, cold, MiB/s"),
]
# Why a row falls short where it does, whatever the machine.
WHY = {
    ("extract_files_per_s", "passthrough_ll"): "the server and the daemon share the processors with tar; passthrough_ll"
    " leaves the work to the kernel's ext4, which is quick when its journal is in memory",
    ("ops_per_s", "pgbench -c 1"): "the ops wait for tar and the kernel as well, pgbench for nothing but its transactions",
    ("apart_extract_ms", "history=off"): "each op is a row of the log with two index entries, and each version that ends is"
    " a row with one",
    ("warm_stat_ns", "ext4"): "the kernel's FUSE layer: revalidation of names and permissions; no request reaches the daemon; see"
    " the row of passthrough_ll, and the number of requests",
    ("write_mib_per_s", "ext4"): "each byte is copied to the journal, to the server, to its WAL and to its tables",
}
MEMORY_LIMIT = 256 << 20
OURS_ONLY = [
    ("ops_per_transaction", "ops per transaction while extracting"),
    ("wal_bytes_per_op", "WAL bytes per op"),
    ("database_bytes_per_op", "database bytes per op, content included"),
    ("warm_stat_requests", "requests to the daemon in warm stat"),
]


def medians(rounds):
    """{filesystem: {figure: median}} of [{filesystem: {figure: value}}]."""
    result = {}
    for one in rounds:
        for name, figures in one.items():
            for figure, value in figures.items():
                result.setdefault(name, {}).setdefault(figure, []).append(value)
    return {
        name: {figure: statistics.median(values) for figure, values in figures.items()}
        for name, figures in result.items()
    }


def ratios(median):
    rows = []
    for figure, ours, other, sense, limit, what in TARGETS:
        a, b = median.get(ours, {}).get(figure), median.get(other, {}).get(figure)
        if a is None or b is None:
            continue
        ratio = a / b
        met = None
        if sense:
            met = ratio >= limit if sense == ">=" else ratio <= limit
        rows.append({"what": what, "figure": figure, "ours": a, "against": other, "theirs": b, "ratio": ratio,
                     "target": f"{sense} {limit}" if sense else None, "met": met})
    return rows


def verdict(met):
    return {None: "", True: "met", False: "MISSED"}[met]


def print_ratios(rows):
    print(f"{'':36} {'thulefs':>10} {'other':>10}  {'against':14} {'ratio':>6}  {'target':8}")
    for row in rows:
        print(f"{row['what']:36} {row['ours']:10.0f} {row['theirs']:10.0f}  {row['against']:14} {row['ratio']:6.2f}"
              f"  {row['target'] or '':8} {verdict(row['met'])}")
        if row["met"] is False:
            print_why(WHY[row["figure"], row["against"]])


def print_why(text):
    print(f"    why: {text}")


def print_ours(median):
    ours = median.get("thulefs", {})
    for figure, what in OURS_ONLY:
        if figure in ours:
            print(f"{what:36} {ours[figure]:10.0f}")
    if "memory_bytes" in ours:
        print(f"{'peak memory of the daemon, MiB':36} {ours['memory_bytes'] / (1 << 20):10.0f}{'':37}"
              f"< 256    {verdict(ours['memory_bytes'] < MEMORY_LIMIT)}")
        if ours["memory_bytes"] >= MEMORY_LIMIT:
            print_why("the journal's bytes that are not committed and the inodes that the kernel holds")


def print_kernel(kernel):
    memory = kernel["memory_bytes"]
    print(f"kernel tree: {kernel['entries']} entries, {kernel['thulefs_s']:.1f} s (ext4 {kernel['ext4_s']:.1f} s),"
          f" {kernel['ops']} ops in {kernel['transactions']} transactions, daemon {memory >> 20} MiB"
          f" (< 256: {verdict(memory < MEMORY_LIMIT)}), database {kernel['database_bytes'] >> 20} MiB")
    print(f"kernel tree: equal to ext4: {kernel['equal']}, after remount: {kernel['equal_after_remount']},"
          f" after a restart of the database under the mount: {kernel['equal_after_restart']}")
    print(f"kernel tree: fsck {kernel['fsck_runs_meanwhile']} times meanwhile: {len(kernel['fsck_violations'])} with"
          f" violations; after: {kernel['fsck_after'] or 'nothing found'}")


def print_history(past):
    rows = [
        (f"diff of {past['diff_rows']} files, s", past["diff_s"], past["count_among_all_s"], "sequential count", "<=", 3,
         "joins, groups, names and sorts take longer than the rows that a short history has besides"),
        ("the same, s", past["diff_s"], past["count_s"], "count of them alone", "<=", 3,
         "a count touches each row once; a difference joins, groups, names and sorts them"),
        ("the same by `thule diff`, s", past["diff_command_s"], past["count_among_all_s"], "sequential count", None, None, None),
        (f"log of a file, {past['ops']} ops, us", past["log_long_us"], past["log_short_us"], f"{past['short_ops']} ops", "<=", 1.25,
         "indexes of more levels and more pages; no table is scanned"),
        ("ls -l of the past, cold, s", past["ls_past_cold_s"], past["ls_present_cold_s"], "the present", "<=", 2,
         "a version is looked for in the present and in the history, and its permissions of now are, too"),
        ("ls -l of the past, warm, s", past["ls_past_warm_s"], past["ls_present_warm_s"], "the present", None, None, None),
    ]
    print(f"history of {past['ops']} ops, then {past['files']} files that change: {past['count_rows']} rows")
    for what, ours, theirs, against, sense, limit, why in rows:
        met = None if limit is None else ours / theirs <= limit
        target = f"{sense} {limit}" if sense else ""
        print(f"{what:36} {ours:10.3f} {theirs:10.3f}  {against:17} {ours / theirs:6.2f}  {target:8} {verdict(met)}")
        if met is False:
            print_why(why)
    print(f"{'diff, s':36} {past['diff_s']:10.3f} {'':36} < 5      {verdict(past['diff_s'] < 5)}")
    print(f"{'scans of whole tables by log':36} {past['log_table_scans']:10} {'':36} 0        "
          f"{verdict(past['log_table_scans'] == 0)}")


def print_questions(asked):
    print(f"questions in SQL, {asked['files']} files, {asked['ops']} ops: rows, ms")
    for question in asked["questions"]:
        want = question["want"]
        target = f"< {want}" if want else ""
        met = verdict(question["ms"] < want) if want else ""
        print(f"{question['question']:66} {question['rows']:8} {question['ms']:10.1f}  {target:6} {met}")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "")
    return {"cpus": os.cpu_count(), "model": model, "kernel": os.uname().release,
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}


def publish(rounds, kernel, past=None, asked=None):
    median = medians(rounds)
    rows = ratios(median)
    print()
    if rows:
        print(f"medians of {len(rounds)} rounds")
        print_ratios(rows)
        print_ours(median)
    if kernel:
        print_kernel(kernel)
    if past:
        print_history(past)
    if asked:
        print_questions(asked)
    path = os.path.join(scratch.BENCH, "results.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"machine": machine(), "rounds": rounds, "medians": median, "ratios": rows, "kernel": kernel, "history": past,
                   "questions": asked}, f, indent=2)
        f.write("\n")
    print(f"all figures: {os.path.relpath(path)}")
