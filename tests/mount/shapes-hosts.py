#!/usr/bin/python3
# mount: no
"""What it costs the database that the right to write changes hands between two hosts, counted: never times."""

from case import equal, sql
from hosts import Hosts, put
from proxy import FROM_SERVER

TURNS = 20

# Of both drains, in a turn: the batch; to say that the lease is asked for, and to get it, with all that is to be known; to lend it, and to see that it
# has moved.
MOST = 4


class RoundTrips:
    """Of the drain's sessions of these hosts: the server says when it is ready for the next one."""

    def __init__(self, *hosts):
        self.count = 0
        for host in hosts:
            host.proxy.due = self.counting(host.proxy.due)

    def counting(self, due):
        def count(connection, direction, kind):
            self.count += direction == FROM_SERVER and kind == b"Z" and connection.application == "thulefs drain"
            return due(connection, direction, kind)

        return count


def main():
    with Hosts("one", "two") as (one, two):
        one.mount()
        two.mount()
        put(one, "turn", "before")
        put(two, "turn", "before")
        since = sql("select max(op) from thule.op")[0][0]
        trips = RoundTrips(one, two)
        for n in range(TURNS):
            put((one, two)[n % 2], "turn", str(n))
        count = trips.count
        equal([[str(TURNS - 1)]], sql(f"select count(*) from (select mount <> lag(mount) over (order by op) as moved from thule.op where op > {since}) o where o.moved"),
              "how often the right to write has moved")
        # On a busy machine what is done in a turn may be two batches.
        if count > MOST * TURNS + TURNS // 2:
            raise AssertionError(f"{count / TURNS} round trips of the drains in a turn, more than {MOST}")


main()
