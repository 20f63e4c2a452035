"""How long questions that people ask in SQL take: those of tests/sql/questions.sql, in a history that history.sql makes."""

import json
import os
import re
import statistics

import scratch
from workload import Special

ARCHIVE = os.path.join(scratch.PROJECT, "tests", "sql", "questions.sql")
MAKER = os.path.join(scratch.BENCH, "history.sql")
OPS_A_FILE = 3.8  # that history.sql makes
OLD_OPS = 1000
HISTORY_MS = 6_000_000  # how far back it goes: 100 minutes
ROUNDS = 5
PATHS = 200

# What the questions are asked about, in that history.
SUBJECTS = {"path": "'/dir7/file-1404.txt'", "gone": "'/dir7/file-1400.txt'", "dir": "'/dir7'", "exe": "'/usr/bin/rsync'",
            "tag": "'nightly'"}


def archive(psql):
    """The questions, as dicts: question, query, want, grows."""
    script = f"set search_path = pg_temp;\n\\i '{ARCHIVE}'\nselect json_agg(q order by q.id) from question q;\n"
    return json.loads(psql(script))


def ask(psql, subjects, rounds=ROUNDS):
    """Asks each question some times, and adds to it its rows and `ms`, the median but for the first time."""
    questions = archive(psql)
    script = ["set search_path = pg_temp; create table asked as select path from thule.file where kind = 'file' "
              f"order by md5(path) limit {PATHS}; analyze asked;"]
    for question in questions:
        query = re.sub(r"\[(\w+)\]", lambda found: subjects[found[1]], question["query"])
        script += ["\\echo rows", f"select count(*) from ({query}) a;", "\\timing on", "\\o /dev/null",
                   *[query + ";"] * rounds, "\\o", "\\timing off"]
    answers = psql("\n".join(script) + "\n").split("rows\n")[1:]
    for question, answer in zip(questions, answers, strict=True):
        lines = answer.split("\n")
        times = [float(line.split()[1]) for line in lines if line.startswith("Time: ")]
        question.update(rows=int(lines[0]), ms=statistics.median(times[1:]))
    return questions


def measure(bench):
    files = bench.sizes.question_files
    thule = bench.thule()
    thule.start()
    thule.unmount()
    ops = round(files * OPS_A_FILE) + OLD_OPS
    thule.thule("sql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", f"filler={OLD_OPS}", "-v", f"files={files}", "-v",
                f"step={HISTORY_MS / ops:.3f}", "-f", MAKER)

    def psql(script):
        path = os.path.join(os.path.dirname(thule.home), "questions.sql")
        with open(path, "w", encoding="utf-8") as f:
            f.write(script)
        return thule.thule("sql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", path)

    last = int(thule.sql("select max(op) from thule.op"))
    figures = {"files": int(thule.sql("select count(*) from thule.inode where mode between 32768 and 36863")),
               "ops": int(thule.sql("select count(*) from thule.op")),
               "questions": ask(psql, {**SUBJECTS, "op": str(last - 200)})}
    thule.stop()
    return figures


WORKLOADS = [
    Special("questions", "questions that people ask in SQL", measure, ("files", "ops", "questions"),
            bytes=lambda sizes: sizes.question_files * 12_000),
]  # fmt: skip
