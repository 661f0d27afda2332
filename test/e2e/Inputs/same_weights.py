#!/usr/bin/env python3
"""Exits with 1 unless two artifacts have the same weights, whatever these are called.

    same_weights.py X.qmod Y.qmod [--matrices]

With --matrices, vectors are left out: their types may differ.
"""
import hashlib
import json
import pathlib
import struct
import sys


def weights(artifact):
    data = (pathlib.Path(artifact) / "weights.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    for name, info in header.items():
        if name.startswith("__"):
            continue
        if "--matrices" in sys.argv and len(info["shape"]) < 2:
            continue
        begin, end = info["data_offsets"]
        digest = hashlib.sha256(data[8 + size + begin:8 + size + end]).hexdigest()
        yield info["dtype"], tuple(info["shape"]), digest


first, second = (sorted(weights(artifact)) for artifact in sys.argv[1:3])
if not first or first != second:
    sys.exit(f"{sum(a != b for a, b in zip(first, second))} of {len(first)} weights differ")
print(f"{len(first)} equal weights")
