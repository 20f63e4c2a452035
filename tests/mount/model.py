#!/usr/bin/python3
# options: noatime
"""Random operations on ours and on ext4 side by side: tests/model/run says how. The same ones each time, so that what fails has to do
with what was changed; THULE_MODEL_ARGUMENTS has others, one a line, such as --seed."""

import os
import sys

MODEL = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../model/run")
seconds = "25" if os.environ.get("THULE_SANITIZED") else "60"
arguments = os.environ.get("THULE_MODEL_ARGUMENTS", "").split("\n")

sys.stdout.flush()
os.execv(MODEL, [MODEL, "--ours", os.environ["MNT"], "--seed", "1", "--seconds", seconds, *filter(None, arguments)])
