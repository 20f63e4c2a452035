#!/usr/bin/python3
# options: locks=cluster
# transport: uring
"""All that locks.py asks of locks, of those that the database has."""

import os
import sys

sys.path.append(os.path.dirname(os.path.realpath(__file__)))
from locks import main  # noqa: E402 pylint: disable=wrong-import-position

main()
