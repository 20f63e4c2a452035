#!/usr/bin/env python3
"""No secret of a connection string is in sight: not in command lines, environments, /proc/mounts, tables or messages."""
# mount: no
# lock: mount-helper

import os
import subprocess
import sys

from case import MNT, equal, need_root, shell

need_root()
CASE_DIR = os.environ["CASE_DIR"]
THULE = os.environ["THULE"]
THULEFS = os.environ["THULEFS"]
HELPER = "/sbin/mount.fuse.thulefs"
plain = os.environ["THULE_SOURCE"]
WORDS = (b"se%20same", b"se same", b"hush")
place, query = plain.split("?")
source = place.replace("@", ":se%20same@", 1) + "?sslpassword=hush&" + query
words = " ".join(
    f"{k}='{v}'"
    for k, v in {
        "host": os.environ["PGHOST"],
        "user": os.environ["PGUSER"],
        "dbname": os.environ["CASE_DB"],
        "password": "se same",
        "sslpassword": "hush",
    }.items()
)
environment = {k: v for k, v in os.environ.items() if k != "THULE_DB"}


def clean(text, what):
    text = text if isinstance(text, bytes) else text.encode()
    for word in WORDS:
        if word in text:
            raise AssertionError(f"{what} has '{word.decode()}': {text!r}")


def of_process(pid):
    for name in ("cmdline", "environ"):
        with open(f"/proc/{pid}/{name}", "rb") as f:
            clean(f.read(), f"/proc/{pid}/{name}")


def run(*command, status=0, **more):
    done = subprocess.run(command, capture_output=True, env={**environment, **more})
    equal(status, done.returncode, f"{command}: {done.stderr}")
    clean(done.stdout + done.stderr, f"output of {command}")
    return done.stdout.decode()


def look():
    """While it is mounted."""
    query = "select pid from thule.mount where ended_at is null"
    of_process(shell("sql", query))
    with open("/proc/mounts", "rb") as f:
        clean(f.read(), "/proc/mounts")
    clean(shell("sql", "select m::text from thule.mount m"), "thule.mount")
    run(THULE, "status", MNT, THULE_DB=plain)


def written_by(source):
    """A process whose own command line has a password is logged without it."""
    program = "import sys; open(sys.argv[1], 'w').close()"
    subprocess.run([sys.executable, "-c", program, MNT + "/f", source, "PGPASSWORD=se same"], check=True)
    fd = os.open(MNT, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    logged = shell("sql", "select string_agg(cmdline, ' ') from thule.actor")
    clean(logged, "thule.actor")
    equal(True, "***" in logged, f"the mark of a secret in '{logged}'")


def psql(source):
    """Nor do psql and what it starts have it."""
    program = "\\! cat /proc/$PPID/cmdline /proc/$PPID/environ /proc/self/environ"
    out = run(THULE, "sql", "-X", "-c", program, THULE_DB=plain)
    out = subprocess.run(
        [THULE, "sql", "-X", "-c", program],
        capture_output=True,
        env={**environment, "THULE_DB": source},
        check=True,
    ).stdout
    # The caller's own variable is the caller's to tell.
    clean(b"\0".join(v for v in out.split(b"\0") if not v.startswith(b"THULE_DB=")), "psql")
    equal("1\n", run(THULE, "sql", "-XAtc", "select 1", THULE_DB=source), "psql")


# Another may be installed.
installed = os.readlink(HELPER) if os.path.islink(HELPER) else None
if installed:
    os.unlink(HELPER)
os.symlink(THULEFS, HELPER)
try:
    for given in (source, words):
        for command in (
            [THULE, "mount", given, MNT],
            [THULEFS, given, MNT],
            ["mount", "-t", "fuse.thulefs", given, MNT],
        ):
            run(*command)
            look()
            if command[0] == THULE:
                written_by(given)
            run(THULE, "umount", MNT, THULE_DB=plain)
        psql(given)
    for wrong in ("postgresql://u:se same@[h/db", "password='se same", "postgresql://u:hush%zz@h/db"):
        run(THULE, "mount", wrong, MNT, status=2)
        run(THULEFS, wrong, MNT, status=2)
finally:
    subprocess.run(["umount", "-l", MNT], capture_output=True)
    os.unlink(HELPER)
    if installed:
        os.symlink(installed, HELPER)
