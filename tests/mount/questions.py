#!/usr/bin/python3
# What people ask in SQL, of a real history: what was deleted, how large and by whom, also in one batch with its making; and the archive of
# questions that the bench asks (tests/sql/questions.sql) has an answer to each.
import grp
import os
import pwd
import re
import subprocess
import sys

from case import MNT, equal, path, sql, write

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "bench"))
import questions  # noqa: E402  pylint: disable=wrong-import-position

WORK = f"""
import os, shutil
os.chdir({MNT!r})
def make(name, data=b''):
    with open(name, 'wb') as f:
        f.write(data)
os.mkdir('d')
for n in range(5):
    make(f'd/file{{n}}', b'x' * n)
make('gone', b'12345')
os.unlink('gone')
make('tab\\tback\\\\slash', b'1')
os.unlink('tab\\tback\\\\slash')
make(b'bytes\\xff\\n', b'22')
os.unlink(b'bytes\\xff\\n')
make('one', b'333')
os.link('one', 'two')
os.unlink('one')
make('old', b'4444')
make('new', b'55555')
os.rename('new', 'old')
make('moved', b'6')
os.rename('moved', 'd/moved')
make('a', b'a'); make('b', b'b')
os.symlink('nowhere', 'link')
os.unlink('link')
held = open('held', 'wb+')
held.write(b'7' * 7)
held.flush()
os.unlink('held')
held.write(b'8' * 7)
held.flush()
shutil.rmtree('d')
"""
GONE = [
    ["unlink", "/gone", "file", "5", "0"], ["unlink", r"/tab\x09back\x5cslash", "file", "1", "0"],
    ["unlink", r"/bytes\xff\x0a", "file", "2", "0"], ["unlink", "/one", "file", "3", "1"], ["rename", "/old", "file", "4", "0"],
    ["unlink", "/link", "symlink", "7", "0"], ["unlink", "/held", "file", "7", "0"],
    *[["unlink", f"/d/file{n}", "file", str(n), "0"] for n in range(5)], ["unlink", "/d/moved", "file", "1", "0"],
    ["rmdir", "/d", "directory", "4096", "0"],
]  # fmt: skip


def deleted():
    worker = subprocess.Popen([sys.executable, "-c", WORK])
    equal(0, worker.wait(), "the process that deletes")
    shown = sql("select how, path, kind, size, nlink from thule.deleted_file order by op")
    equal(sorted(GONE), sorted(shown), "what was deleted")
    equal([["/d"]], sql("select path from thule.deleted_file order by op desc limit 1"), "what went last")
    equal([[str(worker.pid), str(os.getuid())]], sql("select distinct pid, uid from thule.deleted_file"), "who did it")
    equal([["333"]], sql("select convert_from(thule.content_at_op(path, op - 1), 'UTF8') from thule.deleted_file('/one')"),
          "what was in it")
    equal([[str(len(GONE))]], sql("select count(*) from thule.deleted_file d join thule.change c using (op) where"
          " d.path = case d.how when 'rename' then c.new_path else c.path end and d.at = c.at and d.pid = c.pid"), "and the log")


def columns():
    os.symlink("to\\there", path("sym"))
    write("power", b"x" * 5000)
    os.chmod(path("power"), 0o4711)
    shown = sql("select path, octal, target, allocated >= 5000, rdev from thule.file where path in ('/sym', '/power') order by path")
    equal([["/power", "4711", "", "t", ""], ["/sym", "0777", r"to\x5cthere", "f", ""]], shown, "columns of thule.file")
    if os.getuid() == 0:
        os.mknod(path("device"), 0o20600, os.makedev(259, 300))
        equal([["char", "259:300"]], sql("select kind, rdev from thule.file('/device')"), "a device")
    # Of users and groups that never did anything here, as the host has them.
    if os.getuid() == 0:
        os.chown(path("power"), 1, 2)
        equal([[pwd.getpwuid(1).pw_name, grp.getgrgid(2).gr_name]], sql("select username, groupname from thule.file('/power')"), "names")
        os.chown(path("power"), 54321, 54322)
        equal([["", ""]], sql("select username, groupname from thule.file('/power')"), "of nobody that is known")
    with open(path("power"), "r+b") as f:
        f.seek(4999)
        f.write(b"y")
    equal([["4999", "1"]], sql("select off, len from thule.change where kind = 'write' and path = '/power' and off > 0"), "a write")


def psql(script):
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", os.environ["THULE_SOURCE"]], input=script, text=True,
                          capture_output=True, check=False)  # fmt: skip
    equal((0, ""), (done.returncode, re.sub(r".*NOTICE.*\n", "", done.stderr)), "psql")
    return done.stdout


def archive():
    subprocess.run([os.environ["THULE"], "run", "--tag", "asked", "--", "touch", path("tagged")], check=True)
    os.mkdir(path("e"))
    for n in range(4):
        write(f"e/file{n}", b"15 bytes")
    os.unlink(path("e", "file0"))
    os.truncate(path("e", "file1"), 1)
    exe = sql("select exe from thule.change order by op desc limit 1")[0][0]
    last = sql("select max(op) from thule.op")[0][0]
    subjects = {"path": "'/e/file1'", "gone": "'/e/file0'", "dir": "'/e'", "exe": f"'{exe}'", "tag": "'asked'", "op": str(int(last) - 2)}
    asked = questions.ask(psql, subjects, rounds=2)
    equal([], [question["question"] for question in asked if question["rows"] == 0], "questions without an answer")


deleted()
columns()
archive()
