#!/usr/bin/python3
# mount: no
# labels: long
"""With -o keeper the daemon is killed at named points, and its successor too: a sample of tests/crash/run keeper, which says how;
THULE_CRASH_ARGUMENTS has others, one a line."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../crash"))
from case import skip  # noqa: E402 pylint: disable=wrong-import-position
from handed import run_case  # noqa: E402 pylint: disable=wrong-import-position
from kept import kernel_sends_again  # noqa: E402 pylint: disable=wrong-import-position

if not kernel_sends_again():
    skip("the kernel does not send again")
run_case("keeper", "--seed", "1", "--seconds", "30")
