"""Writes a profile of made-up numbers for the instrumented IR on standard input.

usage: qopt X.mlir --instrument | make_profile.py OUTPUT [TOKENS]

Channel j of every input ranges from -(j + 1) to (j + 1) / 2; two rows are kept.
"""

import json
import re
import struct
import sys

BINS = 2048


def main():
    output, tokens = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1024
    text = sys.stdin.read()
    (model_hash,) = re.findall(r'llm.model_hash = "([^"]*)"', text)
    tensors, inputs = [], []
    for weights, channels in re.findall(r"q.observe %\w+ for \[(.*?)\].*<\?x(\d+)xf32>", text):
        weights, channels = re.findall(r'"([^"]*)"', weights), int(channels)
        low = [-(j + 1.0) for j in range(channels)]
        high = [(j + 1.0) / 2 for j in range(channels)]
        power = 2.0 ** channels.bit_length()
        for part, shape, values in [
            ("absmax", [channels], [-value for value in low]),
            ("min", [channels], low),
            ("max", [channels], high),
            ("rows", [2, channels], low + high),
        ]:
            data = struct.pack(f"<{len(values)}f", *values)
            tensors.append((f"{weights[0]}.input.{part}", "F32", shape, data))
        counts = [0] * BINS
        for value in low + high:
            counts[int(abs(value) * BINS / power)] += 1
        data = struct.pack(f"<{BINS}q", *counts)
        tensors.append((f"{weights[0]}.input.histogram", "I64", [BINS], data))
        inputs.append(
            {
                "weights": weights,
                "channels": channels,
                "count": tokens,
                "sample_rows": 2,
                "histogram_range": power,
            }
        )
    header = {
        "__metadata__": {
            "format": "qopt-profile",
            "version": "1",
            "model_hash": model_hash,
            "text": "made up",
            "tokens": str(tokens),
            "ctx": "512",
            "recorder": "make_profile.py",
            "inputs": json.dumps(inputs),
        }
    }
    offset = 0
    for name, dtype, shape, data in tensors:
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [offset, offset + len(data)],
        }
        offset += len(data)
    encoded = json.dumps(header).encode()
    with open(output, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for _, _, _, data in tensors:
            file.write(data)


main()
