"""One attribute changed at a time: by chmod(2), and by SQL beside a row that pgbench changes on the same server."""

import os
import statistics
import time

from pgbench import Script
from workload import SIDE_BY_SIDE, Compared

FILES = 1_000
ACCOUNTS = 100_000

CHMOD = f"""\\set n random(1, {FILES})
\\set mode random(0, 511)
select thule.chmod('/' || :n, (:mode)::integer);
"""
# pgbench's own: its table of accounts, and the statement of its -N without the two inserts.
ACCOUNT = (f"create table public.bench_account as select n as aid, 1 as bid, 0 as abalance, ' '::character(84) as filler"
           f" from generate_series(1, {ACCOUNTS}) n; alter table public.bench_account add primary key (aid); vacuum analyze public.bench_account")  # fmt: skip
UPDATE = f"""\\set aid random(1, {ACCOUNTS})
\\set delta random(-5000, 5000)
update public.bench_account set abalance = abalance + :delta where aid = :aid;
"""


def chmod_us(folder, count):
    times = []
    for number in range(count):
        path = os.path.join(folder, str(1 + number % FILES))
        start = time.monotonic()
        os.chmod(path, 0o600 + number % 64)
        times.append(time.monotonic() - start)
    return statistics.median(times) * 1e6


def point(fs, bench, sample):
    """The mount is not there while SQL changes modes: no hand-over is measured."""
    for number in range(1, FILES + 1):
        with open(os.path.join(fs.dir, str(number)), "wb"):
            pass
    sample.add(fs.name, chmod_us=chmod_us(fs.dir, bench.sizes.commit_count * 10))
    if fs.name != "thulefs":
        return
    fs.unmount()
    for statement in ACCOUNT.split(";"):
        fs.sql(statement)
    seconds = bench.sizes.seconds
    sample.add("SQL", transaction_us=1e6 / Script(fs, CHMOD).per_second(1, seconds))
    sample.add("pgbench", transaction_us=1e6 / Script(fs, UPDATE).per_second(1, seconds))


WORKLOADS = [
    Compared("point", "one mode changed at a time, by chmod(2) and by SQL", point,
             {"thulefs": ("chmod_us",), "passthrough_ll": ("chmod_us",), "ext4": ("chmod_us",),
              "SQL": ("transaction_us",), "pgbench": ("transaction_us",)}, filesystems=SIDE_BY_SIDE),
]  # fmt: skip
