#!/usr/bin/python3
# The files in monitoring/: promtool finds the rules sound and they fire as their tests say; a real Prometheus, with node_exporter, that
# scrapes a mount under load has an answer to each query of the dashboard, and evaluates each rule.
# db: private
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

from case import LIB, MNT, equal, fails, need_root, path, skip, write
from other import eventually

for program in ("promtool", "prometheus", "prometheus-node-exporter"):
    if not shutil.which(program):
        skip(f"{program} is not installed")

THULE, CASE_DIR = os.environ["THULE"], os.environ["CASE_DIR"]
FOLDER = os.path.realpath(os.path.join(LIB, "..", "..", "monitoring"))
ENOTEMPTY = 39


def read_text(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return f.read()


DASHBOARD = json.loads(read_text("dashboard.json"))


def rules():
    """Sound, and each alert has a test in which it fires."""
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "tests.yml"]):
        done = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True, check=False)
        equal(0, done.returncode, f"promtool {words}: {done.stdout} {done.stderr}")
    alerts = set(re.findall(r"- alert: (\w+)", read_text("alerts.yml")))
    equal(alerts, set(re.findall(r'alertname="(\w+)"', read_text("tests.yml"))), "alerts that are tested")


def names():
    """Whatever is asked for exists."""
    listed = subprocess.run([THULE, "metrics", "--list"], check=True, capture_output=True, text=True).stdout
    there = set(re.findall(r"`(thulefs_\w+)`", listed))
    for name in ("alerts.yml", "dashboard.json", "tests.yml"):
        for used in set(re.findall(r"\bthulefs_\w+", read_text(name))):
            equal(True, used in there or re.sub("_(bucket|sum|count)$", "", used) in there, f"{used} of {name} among the metrics")


def layout():
    """As Grafana wants a dashboard: panels that do not overlap, each with a source and a query; variables that exist."""
    equal(True, DASHBOARD["schemaVersion"] >= 36 and DASHBOARD["title"] == "ThuleFS", "the head of the dashboard")
    known = {v["name"] for v in DASHBOARD["templating"]["list"]} | {"__rate_interval", "__all"}
    equal(set(), {v for v in re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD))} - known, "variables that nobody defines")
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        equal((set(), True), (cells & taken, at["x"] + at["w"] <= 24), f"where {panel['title']} is")
        taken |= cells
        equal((True, {"prometheus"}), (bool(panel["targets"]), {t["datasource"]["type"] for t in panel["targets"]}), panel["title"])
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    equal(len(ids), len(set(ids)), "ids of panels")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Running:
    """Programs that are ended in the end, and a loop that works in the mount and has textfiles written."""

    def __init__(self):
        self.programs, self.end = [], threading.Event()
        self.textfiles = os.path.join(CASE_DIR, "textfiles")
        os.mkdir(self.textfiles)
        self.threads = [threading.Thread(target=self.until_end, args=(what,)) for what in (self.work, self.report)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def start(self, *words):
        with open(os.path.join(CASE_DIR, f"{os.path.basename(words[0])}.log"), "wb") as log:
            self.programs.append(subprocess.Popen(words, cwd=CASE_DIR, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def until_end(self, what):
        n = 0
        while not self.end.wait(0.02):
            what(n)
            n += 1

    def work(self, n):
        write(f"f{n % 100}", b"x" * n)
        os.rename(path(f"f{n % 100}"), path("full", f"g{n % 100}"))
        fails(ENOTEMPTY, os.rmdir, path("full"))
        os.path.exists(path(f"nothing-{n}"))

    def report(self, n):
        words = ["--database"] if n % 20 == 0 else []
        file = "thulefs-database.prom" if words else "thulefs.prom"
        subprocess.run([THULE, "metrics", MNT, *words, "--textfile", os.path.join(self.textfiles, file)], cwd="/", check=True)

    def __exit__(self, *_):
        self.end.set()
        for thread in self.threads:
            thread.join()
        for program in self.programs:
            program.send_signal(signal.SIGTERM)
            program.wait(60)


class Prometheus:
    def __init__(self, running):
        exporter, self.port = free_port(), free_port()
        config = os.path.join(CASE_DIR, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [os.path.join(FOLDER, "alerts.yml")],
                       "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}]}, f)
        running.start("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{exporter}", "--collector.disable-defaults",
                      "--collector.textfile", f"--collector.textfile.directory={running.textfiles}")
        running.start("prometheus", f"--config.file={config}", f"--storage.tsdb.path={CASE_DIR}/tsdb",
                      f"--web.listen-address=127.0.0.1:{self.port}")

    def ask(self, what, **arguments):
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=120) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as e:
            # As long as it starts, it says that it is not ready.
            if e.code != 503:
                raise AssertionError(f"{what} {arguments}: {e.read()}") from e
        except (ConnectionError, urllib.error.URLError):
            pass
        return None

    def values(self, query):
        """Numbers that a query gives now."""
        data = self.ask("query", query=query)
        return [float(r["value"][1]) for r in data["result"] if not math.isnan(float(r["value"][1]))] if data else []


def queries():
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            expr = target["expr"].replace("$__rate_interval", "20s")
            yield panel["title"], re.sub(r"\$\w+", ".*", expr)


def dashboard():
    os.mkdir(path("full"))
    write("full/one", b"1")
    subprocess.run([THULE, "config", "set", "retention", "90d"], cwd=MNT, check=True, stdout=subprocess.DEVNULL)
    with Running() as running:
        prometheus = Prometheus(running)
        eventually("a scrape", lambda: prometheus.values(f'thulefs_up{{mountpoint="{MNT}"}} == 1'))
        for title, query in queries():
            eventually(f"data of {title}: {query}", lambda q=query: prometheus.values(q))
        groups = prometheus.ask("rules")["groups"]
        equal([], [(r["name"], r.get("lastError")) for g in groups for r in g["rules"] if r["health"] == "err"], "rules that fail")
        equal([1.0], eventually("nothing that the textfiles have is refused",
                                lambda: prometheus.values("count(node_textfile_scrape_error == 0)")), "the collector")
        # Nothing but what is true of this host: the alerts are silent.
        equal([], [a["labels"]["alertname"] for a in prometheus.ask("alerts")["alerts"] if a["state"] == "firing"], "alerts of a healthy mount")


def main():
    rules()
    names()
    layout()
    need_root()
    dashboard()


main()
