"""A git repository with a history, the same every time: a tree of the sizes and depth of git's own."""

import os
import random
import subprocess

from scratch import Failure, run

WORDS = 3000
LINES = 4000  # that all files take theirs from
PATHS = ("", "builtin", "compat", "contrib", "contrib/completion", "contrib/subtree/t", "Documentation",
         "Documentation/howto", "Documentation/technical", "ewah", "git-gui/lib", "git-gui/po", "gitk-git/po", "gitweb/static",
         "perl/Git/SVN", "po", "refs", "reftable", "t", "t/helper", "t/lib-httpd", "t/perf/repos", "t/t0000", "t/t4013",
         "t/t5100", "t/t9700/deep/er", "templates/hooks", "trace2", "xdiff")  # fmt: skip
CHANGED = 6  # files of a commit
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "3",
               "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*", "GIT_CONFIG_KEY_1": "gc.auto",
               "GIT_CONFIG_VALUE_1": "0", "GIT_CONFIG_KEY_2": "maintenance.auto", "GIT_CONFIG_VALUE_2": "false"}  # fmt: skip


def git(*arguments, **options):
    return run("git", *arguments, env=ENVIRONMENT, **options)


def clone(target, source):
    """Through the pack protocol, as from another machine: objects are sent, indexed and checked."""
    git("clone", "-q", "--no-local", source, target)


class History:
    """Files as lists of lines, and a stream for git fast-import."""

    def __init__(self, files, out):
        self.rng = random.Random(44)
        words = ["".join(self.rng.choices("abcdefghijklmnopqrstuvwxyz_", k=self.rng.randrange(2, 12))) for _ in range(WORDS)]
        self.lines = ["\t" * self.rng.randrange(3) + " ".join(self.rng.choices(words, k=self.rng.randrange(1, 12)))
                      for _ in range(LINES)]  # fmt: skip
        self.out = out
        self.files = [self.new_file(n) for n in range(files)]

    def new_file(self, number):
        # Half of git's files have less than 3 KiB, and a few of them hundreds.
        length = min(8000, max(1, int(self.rng.lognormvariate(4.2, 1.5))))
        folder = PATHS[int(self.rng.random() ** 0.7 * len(PATHS))]
        return [os.path.join(folder, f"file-{number:04}.c"), self.rng.choices(self.lines, k=length)]

    def write(self, text):
        self.out.write(text.encode("ascii"))

    def commit(self, number, changed):
        message = f"Change {len(changed)} files, {number}"
        self.write(f"commit refs/heads/master\nmark :{number + 1}\ncommitter A U Thor <author@example.com> {1_600_000_000 + number * 3600}"
                   f" +0000\ndata {len(message)}\n{message}\n")
        for path, lines in changed:
            text = "\n".join(lines) + "\n"
            self.write(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")

    def edit(self, file):
        """Some lines of it become others, in one place, as people edit."""
        lines = file[1]
        at = self.rng.randrange(len(lines))
        lines[at : at + self.rng.randrange(1, 6)] = self.rng.choices(self.lines, k=self.rng.randrange(1, 9))

    def feed(self, commits):
        self.commit(0, self.files)
        for number in range(1, commits):
            changed = self.rng.sample(self.files, min(CHANGED, len(self.files)))
            for file in changed:
                self.edit(file)
            self.commit(number, changed)
        self.write("done\n")


def make(folder, files, commits):
    git("init", "-q", "--bare", "-b", "master", folder)
    with subprocess.Popen(["git", "-C", folder, "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE, env=ENVIRONMENT) as process:
        History(files, process.stdin).feed(commits)
        process.stdin.close()
    if process.returncode:
        raise Failure(f"git fast-import could not make the repository: exit status {process.returncode}")
    git("-C", folder, "repack", "-adq", "--window=5", "--depth=20")
