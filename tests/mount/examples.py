#!/usr/bin/python3
# The examples of README.md and docs/: what begins with `    $ ` is typed into a shell in a filesystem at /srv/files, and prints what the
# page says. Times, identities of filesystems and the numbers of ops and of processes are not the same everywhere: each of these numbers on a page stands for one
# here, always the same, and commands use the one that was seen.
# db: private
# mount: no
import os
import re
import subprocess

from case import LIB, equal, need_root, skip

ROOT = os.path.join(LIB, "..", "..")
DIR = "/srv/files"
END = "--- end of a command"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d(:?\d\d)?)?")
# Names that are made anew each time: of a filesystem, of a segment of WAL.
MADE = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9A-F]{24}\b")
NAMED_OP = re.compile(r"\bop[: ](\d+)")
NUMBERED = ("op", "pid")


def pages():
    docs = os.path.join(ROOT, "docs")
    return [os.path.join(ROOT, "README.md")] + sorted(os.path.join(docs, p) for p in os.listdir(docs) if p.endswith(".md"))


def whole(command):
    """Whether the shell would run it, and not ask for another line."""
    return subprocess.run(["bash", "-n", "-c", command], stderr=subprocess.DEVNULL, check=False).returncode == 0


def examples(page):
    """Pairs of a command and the lines that it prints."""
    found, block = [], False
    with open(page, encoding="utf-8") as f:
        for line in f.read().splitlines():
            text = line[4:]
            if line.startswith("    $ "):
                found.append([text[2:], []])
                block = True
            elif block and line and not line.startswith("    "):
                block = False
            elif block and found[-1][1] == [] and not whole(found[-1][0]):
                found[-1][0] += "\n" + text
            elif block:
                found[-1][1].append(text)
    return [(command, strip(lines)) for command, lines in found]


def strip(lines):
    """Without blank lines at the ends, of which a page has more than a program prints."""
    return "\n".join(line.rstrip() for line in lines).strip("\n").splitlines()


class Shell:
    """A login shell in the mount; commands are run in it one after the other."""

    def __init__(self, directory):
        self.process = subprocess.Popen(
            ["-bash"], executable="/bin/bash", cwd=directory, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ, HOME=os.environ["CASE_DIR"], LC_ALL="C.UTF-8"))
        self.run(f"PATH='{os.environ['PATH']}'")

    def run(self, command):
        self.process.stdin.write(f"{command}\necho; echo '{END}'\n")
        self.process.stdin.flush()
        lines = []
        for line in iter(self.process.stdout.readline, ""):
            if line.rstrip("\n") == END:
                return strip(lines)
            lines.append(line.rstrip("\n"))
        raise AssertionError(f"the shell ended at {command!r}: {lines}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)


class Numbers:
    """Which number here stands for which one of the page."""

    def __init__(self):
        self.here = {}

    def in_command(self, command):
        return re.sub(r"op:(\d+)", lambda m: "op:" + self.here.get(m.group(1), m.group(1)), command)

    def match(self, page, here):
        return here == self.here.setdefault(page, here)


def fields(line):
    """Of a table as psql or as thule prints it."""
    return [field.strip() for field in (line.split("|") if "|" in line else re.split(r"\s{2,}", line.strip()))]


def field_alike(name, there, here, numbers):
    if name in NUMBERED and there.isdigit() and here.isdigit():
        return numbers.match(there, here)
    ops, seen = NAMED_OP.findall(there), NAMED_OP.findall(here)
    there, here = (NAMED_OP.sub("op N", MADE.sub("NAME", TIME.sub("TIME", text))) for text in (there, here))
    return there == here and all(numbers.match(x, y) for x, y in zip(ops, seen))


def alike(expected, actual, numbers):
    """Whether the lines say the same; the first one may have the names of columns."""
    names = fields(expected[0]) if expected else []
    if len(expected) != len(actual):
        return False
    for there, here in zip(expected, actual):
        if set(there) <= set("-+") and set(here) <= set("-+"):
            continue
        a, b = fields(there), fields(here)
        if len(a) != len(b) or not all(field_alike(n, x, y, numbers) for n, x, y in zip(names + [""] * len(a), a, b)):
            return False
    return True


def links(page):
    """Files that a page refers to."""
    with open(page, encoding="utf-8") as f:
        return re.findall(r"\]\(([^):#]+)[^):]*\)", f.read())


def try_page(page, shell):
    for link in links(page):
        equal(True, os.path.exists(os.path.join(os.path.dirname(page), link)), f"{os.path.relpath(page, ROOT)}: {link} is there")
    numbers = Numbers()
    for command, expected in examples(page):
        actual = shell.run(numbers.in_command(command))
        if not alike(expected, actual, numbers):
            name = os.path.relpath(page, ROOT)
            raise AssertionError("\n".join([f"{name}: $ {command}", "--- the page says", *expected, "--- it prints", *actual]))
    return len(examples(page))


def main():
    need_root()
    if os.environ.get("THULE_TEST_NAMESPACE") != "own":
        skip("no mount namespace can be made here, to have a /srv of its own")
    os.makedirs("/srv", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/srv"], check=True)
    os.mkdir(DIR)
    subprocess.run([os.environ["THULE"], "mount", DIR], check=True)
    shell = Shell(DIR)
    done = {os.path.relpath(page, ROOT): try_page(page, shell) for page in pages()}
    shell.close()
    subprocess.run([os.environ["THULE"], "umount", DIR], check=True)
    equal(True, done["README.md"] > 0 and done["docs/sql.md"] > 0 and done["docs/using.md"] > 0, f"examples that were run: {done}")


main()
