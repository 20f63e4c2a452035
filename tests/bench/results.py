"""The JSON file: written as figures come, and added to by later runs when asked."""

import datetime
import json
import os
import statistics
import subprocess

import report
import scratch
from scratch import Failure, say

MEASURED, FAILED, SKIPPED, RUNNING = "measured", "failed", "skipped", "interrupted"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "")
    return {"cpus": os.cpu_count(), "model": model, "kernel": os.uname().release,
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}


def revision():
    """Of the source, where git knows."""
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", scratch.PROJECT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


class Entry:
    """What is known of one workload."""

    def __init__(self, results, name, old):
        self.results = results
        self.name = name
        self.status = RUNNING
        self.failures = {}  # filesystem, or "" for all of it: reason
        self.skipped = {}  # the same, for what this machine or these programs do not have
        self.rounds = old.get("rounds", [])
        self.old_rounds = len(self.rounds)
        self.details = old.get("details")

    def new_round(self):
        self.rounds.append(self.results.new_sample())
        return self.rounds[-1]

    def fail(self, who, reason):
        say(f"{self.name}: {who + ': ' if who else ''}failed: {reason}")
        self.failures[who] = reason
        self.status = FAILED

    def skip(self, who, reason):
        say(f"{self.name}: {who + ': ' if who else ''}skipped: {reason}")
        self.skipped[who] = reason
        if not who:
            self.status = SKIPPED

    def finish(self):
        self.rounds = [one for one in self.rounds if one]
        if self.status == RUNNING:
            self.status = MEASURED
        self.save()

    def save(self):
        self.results.save()

    def data(self):
        return {"status": self.status, "skipped": self.skipped, "failures": self.failures, "rounds": self.rounds,
                "medians": medians(self.rounds), "details": self.details}


def medians(rounds):
    """{filesystem: {figure: median}} of [{filesystem: {figure: value}}]."""
    result = {}
    for one in rounds:
        for name, figures in one.items():
            for figure, value in figures.items():
                result.setdefault(name, {}).setdefault(figure, []).append(value)
    return {name: {figure: statistics.median(values) for figure, values in figures.items()} for name, figures in result.items()}


def stored(path):
    """What a file holds."""
    try:
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
    except FileNotFoundError as error:
        raise Failure(f"there is no {path} yet: measure something first") from error
    except ValueError as error:
        raise Failure(f"{path} is not a file of results: {error}") from error
    if not isinstance(data, dict) or not {"date", "machine", "ratios", "limits", "workloads"} <= set(data):
        raise Failure(f"{path} is not a file of results: there is something else in it")
    return data


class Results:
    """All entries, and the file that they are in."""

    def __init__(self, path, new_sample, merge, context):
        self.path = path
        self.new_sample = new_sample
        self.old = stored(path)["workloads"] if merge and os.path.exists(path) else {}
        self.context = context
        self.entries = {}
        self.date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self.machine = machine()
        self.revision = revision()

    def entry(self, name):
        self.entries[name] = Entry(self, name, self.old.get(name, {}))
        return self.entries[name]

    def whole(self):
        """All that the file is to hold."""
        data = {**self.old, **{name: entry.data() for name, entry in self.entries.items()}}
        return {"date": self.date, "machine": self.machine, "revision": self.revision, **self.context,
                "ratios": report.ratios(data), "limits": report.limits(data), "workloads": data}

    def save(self):
        """At any time whole, for who reads it while the bench runs or after it was killed."""
        whole = self.whole()
        part = self.path + ".part"
        with open(part, "w", encoding="utf-8") as f:
            json.dump(whole, f, indent=2)
            f.write("\n")
        os.replace(part, self.path)
        return whole
