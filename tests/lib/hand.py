"""Files changed by SQL, by hand: the functions of tests/sql/fixture.sql, which write the rows of an op, for transactions that have the right to."""

import os
import re

from case import LIB, shell

CLOCK = """create function fx.at(op bigint) returns timestamptz language sql
return coalesce((select o.at from thule.op o where o.op = at.op), clock_timestamp());
"""


def install():
    """After something was changed on the mount, whose process the ops will have as their actor."""
    with open(os.path.join(LIB, "..", "sql", "fixture.sql"), encoding="utf-8") as f:
        text = f.read()
    functions = text[text.index("create function fx.next"):text.index("-- The tree that most")]
    setting = "create table fx.setting as select min(a.id) as actor, null::text as tag from thule.actor a;\n"
    shell("sql", "create schema fx;\n" + setting + CLOCK + re.sub(r"(?m)^--.*$", "", functions))


def begin(session, isolation="read committed"):
    session.do(f"begin isolation level {isolation}")
    session.do("select thule_internal.write_begin()")


def change(session, *calls):
    """One transaction."""
    begin(session)
    for call in calls:
        session.do(f"select fx.{call}")
    session.do("commit")
