"""Prints the most launches of a layer in the decode step on ptx: launches_per_layer.py MODEL.qmod"""

import collections
import json
import re
import sys

with open(sys.argv[1] + "/plan.json") as file:
    plan = json.load(file)
layers = collections.Counter()
for launch in plan["targets"]["ptx"]["functions"]["decode"]["launches"]:
    if layer := re.search(r"(?:layers|h)\.(\d+)\.", launch["loc"]):
        layers[layer[1]] += 1
assert len(layers) == plan["config"]["num_layers"], layers
print("launches a layer:", max(layers.values()))
