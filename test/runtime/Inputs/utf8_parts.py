"""Runs a command and checks that every chunk it writes to a pipe is valid UTF-8."""

import os
import subprocess
import sys

process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
parts = 0
# Pipes may join writes, but never cut those shorter than 4096 bytes.
while part := os.read(process.stdout.fileno(), 1 << 20):
    part.decode("utf-8")
    parts += 1
if process.wait() != 0 or parts < 2:
    sys.exit(f"exit status {process.returncode} after {parts} parts")
