#!/usr/bin/python3
# mount: no
# labels: long
"""Random operations on two hosts that mount one filesystem, by SQL beside them, and on ext4: tests/model/ways.py says how. The same ones each time;
THULE_MODEL_ARGUMENTS has others, one a line: `tests/model/run --hosts --seconds 600` does."""

import os
import sys

from case import need_root

MODEL = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../model/run")
given = list(filter(None, os.environ.get("THULE_MODEL_ARGUMENTS", "").split("\n")))

need_root()
sys.stdout.flush()
os.execv(MODEL, [MODEL, *(given or ["--hosts", "--seed", "1", "--sequences", "4", "--ops", "100"])])
