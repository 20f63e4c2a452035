"""The database of the mount: questions, and a lock that lets no batch commit."""

import json
import os
import subprocess


class Server:
    """A psql that stays connected."""

    def __init__(self):
        self.psql = None
        self.held = False

    def connect(self):
        source = os.environ["THULE_SOURCE"]
        program = [os.environ["THULE"], "sql"] if source == "private" else ["psql", "-d", source]
        self.psql = subprocess.Popen([*program, "-XAtq", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self):
        self.held = False
        if self.psql:
            # Workers have copies of the pipe, so that closing it is not enough.
            try:
                self.psql.communicate("\\q\n")
            except BrokenPipeError:
                self.psql.kill()
            self.psql.wait()
            self.psql = None

    def line(self, command):
        if not self.psql:
            self.connect()
        print(command, file=self.psql.stdin, flush=True)
        answer = self.psql.stdout.readline()
        if not answer:
            raise AssertionError(f"{command}: {self.psql.stderr.read().strip()}")
        return answer

    def rows(self, query):
        """The rows of a query, as dictionaries."""
        return json.loads(self.line(f"select coalesce(json_agg(t), '[]')::jsonb from ({query}) t;"))

    def error(self, query):
        """What the server says of a query that fails, or None."""
        try:
            self.rows(query)
        except AssertionError as e:
            self.end()
            return str(e)
        return None

    def hold(self):
        """What happens from now on gathers, to be one batch, or a few."""
        if not self.held:
            self.line("begin; lock table thule.op in exclusive mode; select 'held';")
            self.held = True

    def release(self):
        if self.held:
            self.line("rollback; select 'released';")
            self.held = False
