"""Checks the JSON report on layer.mlir, smoothed and quantized to int8 by row but for down_proj."""

import json
import math
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
tensors = {entry["tensor"]: entry for entry in report["tensors"]}
assert tensors["layers.0.down_proj.weight"]["left_alone"] == "no rule selects it"
quantized = [entry for entry in tensors.values() if "scheme" in entry]
assert len(quantized) == 6, len(quantized)
for entry in quantized:
    # A row of random numbers in 255 codes: a step is amax / 127, the mean error a quarter of one.
    assert 1e-3 < entry["mean_error"] < 1e-2, entry
    assert 35 < entry["sqnr_db"] < 60, entry
    # No more than half a step, of the row with the largest one; on average half of that, of its own.
    assert 0 < entry["relative_max_error"] <= 1.001 / 254, entry
    assert 0 < entry["mean_difference"] < entry["max_error"] / 1.5, entry
    assert 0 < entry["product_error"] < 2e-2, entry
    assert entry["bits"] == 8 + 32 / 32, entry
elements = {name: math.prod(entry["shape"]) for name, entry in tensors.items()}
bits = sum(entry["bits"] * elements[name] for name, entry in tensors.items())
assert abs(report["bits_per_weight"] - bits / sum(elements.values())) < 1e-9
