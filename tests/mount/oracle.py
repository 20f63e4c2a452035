#!/usr/bin/python3
# db: private
# timeout: 500
"""All ways to read the past beside a model of each op: tests/oracle/run says how. A fixed seed, so that what fails has to do with what
was changed, and then one of chance, which is printed; THULE_ORACLE_ARGUMENTS has others, one a line, such as --seed."""

import os
import subprocess
import sys

RUN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../oracle/run")
SECONDS = "10" if os.environ.get("THULE_SANITIZED") else "25"
given = list(filter(None, os.environ.get("THULE_ORACLE_ARGUMENTS", "").split("\n")))

sys.stdout.flush()
for arguments in [given] if given else (["--seed", "1", "--seconds", SECONDS], ["--seconds", SECONDS]):
    status = subprocess.run([RUN, *arguments], check=False).returncode
    if status:
        sys.exit(status)
