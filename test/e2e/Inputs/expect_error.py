#!/usr/bin/env python3
"""expect_error.py [--absent PATH] COMMAND...: runs a command that must fail as a user deserves:

a non-zero exit status (no signal), nothing on standard output, one line on standard error with
"error: " in it, and nothing left at PATH or beside it. Prints that line.
"""
import os
import subprocess
import sys


def entries_beside(path):
    directory = os.path.dirname(path) or "."
    return set(os.listdir(directory)) if os.path.isdir(directory) else set()


command = sys.argv[1:]
absent = None
if command[0] == "--absent":
    absent, command = command[1], command[2:]
    before = entries_beside(absent)

result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
sys.stdout.write(result.stderr)
lines = result.stderr.splitlines()
if not 0 < result.returncode < 126:
    sys.exit(f"exit status {result.returncode}")
if len(lines) != 1 or lines[0].count("error: ") != 1:
    sys.exit(f"expected one line with 'error: ', got {len(lines)} lines")
if result.stdout:
    sys.exit(f"unexpected output: {result.stdout[:200]!r}")
if absent and (left := entries_beside(absent) - before):
    sys.exit(f"left behind: {', '.join(sorted(left))}")
