#!/usr/bin/python3
# mount: no
# labels: long
"""A host that has the lease stands still, is silent, or is killed for longer than that holds, just after it has acknowledged more than it synced: what was
synced is there, what was not is there once or not at all, and it goes on behind what others have done meanwhile: by itself if all of it was committed, else
once it is mounted again, and what is missing is in a file that it has named."""

import os
import re
import signal

from case import equal, shell
from hosts import LOG, Hosts, get, put
from other import eventually

LOOSE = 10


def writes(name):
    """Of a file, by the log: how often it was made and written."""
    return shell("sql", "select count(*) filter (where c.kind = 'create'), count(*) filter (where c.kind = 'write') from thule.change c"
                 f" where c.path = '/{name}'")


def acknowledge(host, how):
    """One file that is synced, then many that are not."""
    put(host, f"{how}-synced", how)
    for n in range(LOOSE):
        with open(host.path(f"{how}-{n}"), "w", encoding="ascii") as f:
            f.write(how)


LOST = "the lease of the filesystem is lost"


def log_size():
    return os.path.getsize(LOG)


def mount_again(host, before):
    """After it has lost the lease for good: what is missing was kept."""
    kept = re.search(r"they are kept in (\S+),", host.said(before))
    equal(True, os.path.getsize(host.namespaces.root(kept[1])) > 0, "whether what is missing was kept")
    host.end(signal.SIGTERM)
    host.mount()


def check(one, two, how, leave, come_back):
    before = log_size()
    acknowledge(two, how)
    leave()
    put(one, f"{how}-behind", "one")
    equal(how, get(one, f"{how}-synced"), f"what was synced, {how}")
    come_back()
    eventually(f"it goes on, or says why it cannot, {how}", lambda: reads(two, f"{how}-behind") == "one" or LOST in two.said(before))
    if LOST in two.said(before):
        mount_again(two, before)
    eventually(f"it is there again, {how}", lambda: reads(two, f"{how}-behind") == "one")
    put(two, f"{how}-again", "two")
    for host in (one, two):
        eventually(f"what was written since is there, on {host.name}", lambda host=host: reads(host, f"{how}-again") == "two")
        equal(how, get(host, f"{how}-synced"), f"what was synced, on {host.name}")
    equal("1|1", writes(f"{how}-synced"), "how often what was synced was made and written")
    for n in range(LOOSE):
        equal(True, writes(f"{how}-{n}") in ("0|0", "1|0", "1|1"), "how often what was not synced was made and written")


def reads(host, name):
    try:
        return get(host, name)
    except OSError:
        return None


def main():
    with Hosts("one", "two") as (one, two):
        one.mount()
        two.mount()
        shell("sql", "do $$ begin execute format('alter database %I set thule.write_limit = %L', current_database(), '1s'); end $$")
        check(one, two, "stopped", two.stop, two.go_on)
        check(one, two, "silent", two.silence, two.mend)
        check(one, two, "cut", two.cut, two.mend)
        check(one, two, "killed", two.kill, two.mount)


main()
