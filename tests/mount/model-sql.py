#!/usr/bin/python3
# labels: long
"""Random operations by SQL, while nothing is mounted, and on ext4 side by side: tests/model/run says how. The same ones each time;
THULE_MODEL_ARGUMENTS has others, one a line."""

import os
import sys

from case import need_root, shell

MODEL = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../model/run")
arguments = os.environ.get("THULE_MODEL_ARGUMENTS", "").split("\n")

need_root()
shell("umount_fs")
sys.stdout.flush()
os.execv(MODEL, [MODEL, "--sql", os.environ["THULE_SOURCE"], "--seed", "1", "--seconds", "20", *filter(None, arguments)])
