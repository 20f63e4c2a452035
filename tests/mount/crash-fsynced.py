#!/usr/bin/python3
# db: private
# mount: no
# labels: long
"""What fsync has promised outlives the daemon, the server and both: some rounds of tests/crash/run fsynced, which says how;
THULE_CRASH_ARGUMENTS has others, one a line."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../crash"))
from handed import run_case  # pylint: disable=wrong-import-position

run_case("fsynced", "--rounds", "9")
