#!/usr/bin/env python3
"""Interrupts a command as soon as it writes OUTPUT: interrupt.py OUTPUT COMMAND...

The command must end by the signal and leave nothing beside OUTPUT.
"""
import glob
import os
import signal
import subprocess
import sys
import time

output, command = sys.argv[1], sys.argv[2:]
for number in (signal.SIGINT, signal.SIGTERM):
    # Jobs of a script's background inherit an ignored SIGINT, which would stay ignored.
    process = subprocess.Popen(
        command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    while process.poll() is None and not glob.glob(f"{output}.tmp.*"):
        time.sleep(0.001)
    if process.poll() is not None:
        sys.exit(f"ended with {process.returncode} before it wrote anything")
    process.send_signal(number)
    status = process.wait()
    if status != -number:
        sys.exit(f"{number.name}: exit status {status}")
    left = os.listdir(os.path.dirname(output))
    if left:
        sys.exit(f"{number.name}: left {left}")
print("interrupted, nothing left")
