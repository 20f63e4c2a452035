"""Tables that others cannot use for a while, so that what needs them takes its time."""

import os
import subprocess

from case import equal, shell
from other import eventually


WAITING = ("select l.pid from pg_locks l join pg_database d on d.oid = l.database"
           " where not l.granted and d.datname = current_database()")


def waiting():
    """The backend of somebody who waits for a lock in the database of the case; '' where nobody does."""
    return shell("sql", WAITING + " limit 1")


class Locked:
    """Holds the locks from its creation until release(). Tables are names in the schema thule."""

    def __init__(self, *tables, mode="share row exclusive"):
        self.psql = subprocess.Popen([os.environ["THULE"], "sql", "-XAtq"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.first = tables[0]
        names = ", ".join(f"thule.{table}" for table in tables)
        self.psql.stdin.write(f"begin; lock table {names} in {mode} mode; select 'locked';\n")
        self.psql.stdin.flush()
        equal("locked\n", self.psql.stdout.readline(), "lock")

    def waited_for(self):
        """Waits for somebody who waits for the first table, and returns that backend."""
        query = f"{WAITING} and l.relation = 'thule.{self.first}'::regclass limit 1"
        return eventually("somebody who waits for the lock", lambda: shell("sql", query))

    def release(self):
        self.psql.communicate("commit;\n")
