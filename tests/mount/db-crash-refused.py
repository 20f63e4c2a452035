#!/usr/bin/python3
# The server crashes, has lost what it had committed, and refuses to take it again for a while, as one whose disk is
# full: nobody is shown a filesystem without it meanwhile.
# db: private
# options: cache_inodes=1000
import os
import threading
import time

from case import equal, path, shell, sql, write
from stopped import stop

FILES = 3000
busy = threading.Event()


def keep_busy():
    """So that nothing is flushed for want of other work."""
    while not busy.is_set():
        try:
            write("busy", b"x", "ab")
        except OSError:
            pass
        time.sleep(0.02)


def refuse(on):
    """Takes effect when the server starts, or is told to look."""
    with open(os.path.join(shell("private_data"), "postgresql.auto.conf"), "a", encoding="ascii") as conf:
        conf.write(f"test.refuse = '{on}'\n")


sql("""create function public.refuse() returns trigger language plpgsql as $$
       begin
           if current_setting('test.refuse', true) = 'on' then
               raise exception using errcode = 'disk_full', message = 'no room';
           end if;
           return null;
       end $$""")
sql("create trigger refuse before insert on thule.op for each statement execute function public.refuse()")
os.mkdir(path("many"))
write("busy", b"")
sql("select")
stop(int(shell("sql", "select pid from pg_stat_activity where backend_type = 'walwriter'")))
worker = threading.Thread(target=keep_busy, daemon=True)
worker.start()
for i in range(FILES):
    os.close(os.open(path("many", str(i)), os.O_CREAT | os.O_WRONLY, 0o644))
before = int(shell("sql", "select next_op from thule.superblock"))
shell("private_pg_ctl", "stop", "-m", "immediate")
refuse("on")
shell("start_db")
after = int(shell("sql", "select next_op from thule.superblock"))
if after > before - 100:
    raise AssertionError(f"the server has lost nothing to speak of: ops {after} to {before}")
listed = []
look = threading.Thread(target=lambda: listed.append(len(os.listdir(path("many")))), daemon=True)
look.start()
look.join(4)
if listed not in ([], [FILES]):
    raise AssertionError(f"{listed} of {FILES} names while the server refuses")
refuse("off")
shell("private_pg_ctl", "reload")
look.join(60)
busy.set()
worker.join()
equal([FILES], listed, "names, once the server takes it")
sql("select")
equal(FILES, len(os.listdir(path("many"))), "names after that")
