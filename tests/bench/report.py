"""Ratios and tables of what the results hold."""

import details
import targets

WORDS = {"skipped": "skipped", "failures": "failed"}
MET = {None: "", True: "met", False: "MISSED"}


def ratio_of(row, data):
    """The row with its figures as a dict, or None when there are none."""
    medians = data.get(row.workload, {}).get("medians", {})
    ours = medians.get(row.ours, {}).get(row.figure)
    theirs = medians.get(row.against, {}).get(row.theirs or row.figure)
    if ours is None or theirs is None:
        return None
    theirs *= row.times
    over, under = (ours, theirs) if row.more_is_better else (theirs, ours)
    ratio = over / under if under else float("inf")
    return {"workload": row.workload, "what": row.what, "figure": row.figure, "of": row.ours, "ours": ours, "against": row.against,
            "theirs": theirs, "ratio": ratio, "least": row.least, "met": None if row.least is None else ratio >= row.least,
            "why": row.why}  # fmt: skip


def ratios(data):
    return [found for row in targets.ROWS if (found := ratio_of(row, data))]


def limits(data):
    found = []
    for limit in targets.LIMITS:
        value = data.get(limit.workload, {}).get("medians", {}).get("thulefs", {}).get(limit.figure)
        if value is not None:
            found.append({"what": limit.what, "value": value, "most": limit.most, "why": limit.why,
                          "met": None if limit.most is None else value <= limit.most})  # fmt: skip
    return found


def number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def target_of(row):
    return "" if row["least"] is None else f">= {row['least']:.3g}"


def print_why(row):
    if row["met"] is False and row["why"]:
        print(f"    why: {row['why']}")


def print_ratios(rows):
    print(f"{'speed, ours over theirs':36} {'figure':26} {'ours':>10} {'theirs':>10}  {'of':14} {'against':14} {'ratio':>6}  target")
    for row in rows:
        print(f"{row['what']:36} {row['figure']:26} {number(row['ours']):>10} {number(row['theirs']):>10}  {row['of']:14}"
              f" {row['against']:14} {row['ratio']:6.2f}  {target_of(row):8} {MET[row['met']]}")
        print_why(row)


def print_limits(rows):
    for row in rows:
        target = "" if row["most"] is None else f"<= {number(row['most'])}"
        print(f"{row['what']:70} {number(row['value']):>10}  {target:14} {MET[row['met']]}")
        print_why(row)


def not_run(data):
    """Sentences about what was not measured."""
    for name, one in data.items():
        if one["status"] == "interrupted":
            yield f"{name}: interrupted"
        for word in ("skipped", "failures"):
            for who, reason in one[word].items():
                yield f"{name}: {who + ': ' if who else ''}{WORDS[word]}: {reason}"


def show(results):
    data = results["workloads"]
    print()
    if results["ratios"]:
        print_ratios(results["ratios"])
    print_limits(results["limits"])
    for name, one in data.items():
        if one["details"] and one["status"] == "measured":
            details.PRINTERS[name](one["details"])
    for sentence in not_run(data):
        print(f"not measured: {sentence}")


def markdown(results):
    """The table for a README."""
    machine = results["machine"]
    yield (f"Speed, ours over theirs (above 1 is faster), medians of interleaved rounds, {results['date'][:10]}, {machine['cpus']} CPUs"
           f" ({machine['model']}), {machine['memory_bytes'] >> 30} GiB, Linux {machine['kernel']}, PostgreSQL 15:")
    yield ""
    table = {}
    for row in results["ratios"]:
        other = row["against"]
        column = other if other in ("ext4", "passthrough_ll") else "other"
        mark = {None: "", True: "", False: " (target " + target_of(row) + ")"}[row["met"]]
        text = f"{row['ratio']:.2f}{mark}" + (f" of {other}" if column == "other" else "")
        name = row["what"] if row["of"] == "thulefs" else f"{row['what']}, {row['of']}"
        table.setdefault(name, {}).setdefault(column, []).append(text)
    yield "| work | of ext4 | of passthrough_ll | of what else |"
    yield "|---|---|---|---|"
    for what, columns in table.items():
        yield f"| {what} | " + " | ".join("; ".join(columns.get(name, [])) for name in ("ext4", "passthrough_ll", "other")) + " |"
    for row in results["limits"]:
        yield f"| {row['what']} | | | {number(row['value'])} |"
