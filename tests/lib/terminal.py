"""A program on a terminal of its own, for cases about what is typed there."""

import os
import pty
import select
import signal
import time

LIMIT_S = 60


class Terminal:
    """Runs a command as the leader of a session whose terminal we have the other end of."""

    def __init__(self, *command, environment=None):
        self.said = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                # What a shell gives to what it runs, whatever this process ignores.
                for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
                    signal.signal(number, signal.SIG_DFL)
                os.execvpe(command[0], command, environment or os.environ)
            finally:
                os._exit(126)

    def type(self, text):
        os.write(self.fd, text)

    def read(self, until=None):
        """Until something was said, or the other end is closed. Returns all that was said so far."""
        end = time.monotonic() + LIMIT_S
        while until is None or until not in self.said:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"nothing more within {LIMIT_S} s after {self.said}")
            try:
                some = os.read(self.fd, 4096)
            except OSError:    # EIO: nobody has the terminal any more
                some = b""
            if not some:
                if until is not None:
                    raise AssertionError(f"ended with {self.said}, without {until}")
                break
            self.said += some
        return self.said.decode(errors="replace").replace("\r\n", "\n")

    def wait(self):
        """Returns the exit status, a signal as the shell shows it."""
        self.read()
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code
