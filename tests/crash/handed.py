"""From tests/crash/run to a mounted case, and back: a case is run by tests/mount/run-case, which gives it a database."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
RUN = os.path.join(HERE, "run")
CASES = {"points": "crash", "fsynced": "crash-fsynced", "wire": "crash-wire", "keeper": "crash-keeper"}


def hand_to_case(what, seconds):
    """Does not return."""
    runner = os.path.join(HERE, "../mount/run-case")
    os.environ["THULE_CRASH_ARGUMENTS"] = "\n".join(sys.argv[1:])
    os.environ["THULE_TEST_TIMEOUT"] = str(seconds)
    os.execv(runner, [runner, os.path.join(HERE, f"../mount/{CASES[what]}.py")])


def run_case(*sample):
    """What a case does: the run that was handed to it, or its sample."""
    from case import shell  # pylint: disable=import-outside-toplevel

    given = list(filter(None, os.environ.get("THULE_CRASH_ARGUMENTS", "").split("\n")))
    sys.stdout.flush()
    status = subprocess.run([RUN, *(given or sample)], check=False).returncode
    if status:
        sys.exit(status)
    # What run-case looks at when a case is over.
    shell("mount_fs")
