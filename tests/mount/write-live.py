#!/usr/bin/python3
"""When publishing what is live takes long, it is not done again for a while; whoever asks for the right to write in that time has it all the same."""

import os

from case import equal, path, sql, write
from other import eventually
from psql import Psql

TAKES_S = 1.2  # it rests for twenty times that
PATIENCE_S = 15


def main():
    write("f", b"")
    s = Psql()
    s.do("begin; lock table thule.live_handle in exclusive mode")
    with open(path("f"), "rb"):
        eventually("the daemon publishes what is open",
                   lambda: sql("select * from pg_locks l where l.relation = 'thule.live_handle'::regclass and not l.granted"))  # fmt: skip
        s.do(f"select pg_sleep({TAKES_S}); commit; set lock_timeout = '{PATIENCE_S}s'")
        s.do("select thule.chmod('/f', 384)")
        s.do("select thule.write_shown()")
        equal(0o600, os.stat(path("f")).st_mode & 0o777, "mode that SQL has set")
    s.end()


main()
