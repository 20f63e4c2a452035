#!/usr/bin/python3
# mount: no
# labels: long
# transport: uring
"""The daemon is killed at named points: a sample of tests/crash/run, which says how; THULE_CRASH_ARGUMENTS has others, one a line."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../crash"))
from handed import run_case  # pylint: disable=wrong-import-position

run_case("points", "--seed", "1", "--seconds", "35")
