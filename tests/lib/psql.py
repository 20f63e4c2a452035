"""A session of SQL that stays, for cases about transactions: statements are sent one after the other, and may be waited for later."""

import os
import select
import subprocess

from case import equal

END = "-- that was all"


class Psql:
    """Rows are lists of strings; what a statement is refused for is in `error`."""

    def __init__(self, name="case"):
        environment = dict(os.environ, PGAPPNAME=name)
        self.psql = subprocess.Popen([os.environ["THULE"], "sql", "-XAtq", "-v", "VERBOSITY=verbose"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        self.error = ""
        self.got = b""
        self.pid = int(self("select pg_backend_pid()")[0][0])

    def start(self, statement):
        self.psql.stdin.write(f"{statement};\n\\echo {END}\n".encode())
        self.psql.stdin.flush()

    def finish(self, timeout=120):
        """The rows of what was started."""
        self.error = ""
        while not self.got.endswith(f"{END}\n".encode()):
            if not select.select([self.psql.stdout], [], [], timeout)[0]:
                raise AssertionError(f"no answer within {timeout} s")
            more = os.read(self.psql.stdout.fileno(), 65536)
            self.got += more
            if not more:
                break
        lines = [line for line in self.got.decode().splitlines() if line != END]
        self.got = b""
        errors = [i for i, line in enumerate(lines) if line.startswith(("ERROR:", "FATAL:"))]
        if errors:
            self.error = "\n".join(lines[errors[0]:])
            return []
        return [line.split("|") for line in lines]

    def waits(self):
        """Whether there is no answer yet."""
        return not select.select([self.psql.stdout], [], [], 0.1)[0]

    def __call__(self, statement):
        self.start(statement)
        return self.finish()

    def do(self, statement):
        """It must not be refused."""
        rows = self(statement)
        equal("", self.error, statement)
        return rows

    def end(self):
        if self.psql.poll() is None:
            self.psql.stdin.write(b"\\q\n")  # others may have inherited this end of the pipe
        self.psql.stdin.close()
        self.psql.wait()
        self.psql.stdout.close()
