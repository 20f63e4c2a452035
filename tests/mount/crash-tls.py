#!/usr/bin/python3
# mount: no
# labels: long
"""Connections by TLS fail at messages of chance, and nobody notices: a sample of tests/crash/run wire --tls, which says how."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../crash"))
from handed import run_case  # pylint: disable=wrong-import-position

run_case("wire", "--tls", "--seconds", "15")
