"""Tables of the workloads that have a report of their own."""

MEMORY_LIMIT = 256 << 20


def verdict(met):
    return {None: "", True: "met", False: "MISSED"}[met]


def print_why(text):
    print(f"    why: {text}")


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


def print_past(apart):
    ratio = apart["beside_us"] / apart["alone_us"]
    print(f"lookups of {apart['files']} cold files, us: {apart['alone_us']:.0f} alone, {apart['beside_us']:.0f} while {apart['readers']} threads read the past"
          f" {apart['depth']} directories deep: {ratio:.2f} times  <= 2  {verdict(ratio <= 2)}")
    if ratio > 2:
        print_why("the readers, the daemon and the server's work for them have the processors, too")


def print_questions(asked):
    print(f"questions in SQL, {asked['files']} files, {asked['ops']} ops: rows, ms")
    for question in asked["questions"]:
        want = question["want"]
        target = f"< {want}" if want else ""
        met = verdict(question["ms"] < want) if want else ""
        print(f"{question['question']:66} {question['rows']:8} {question['ms']:10.1f}  {target:6} {met}")


PRINTERS = {"kernel": print_kernel, "history": print_history, "questions": print_questions, "past": print_past}
