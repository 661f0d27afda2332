"""Copies a LLaMA checkpoint, with outlier channels planted in its keys.

usage: plant_keys.py MODEL OUTPUT

Rows of k_proj that make some rope pairs become 16 times as large, and those of q_proj as much smaller:
the function stays.
"""

import sys

from planted_checkpoint import Checkpoint

FACTOR = 16
PAIRS = [5, 20, 27]


def main():
    checkpoint = Checkpoint(*sys.argv[1:])
    half = checkpoint.config["head_dim"] // 2
    for layer in checkpoint.layers():
        for name, factor in [("k_proj", FACTOR), ("q_proj", 1 / FACTOR)]:
            checkpoint.scale(
                f"model.layers.{layer}.self_attn.{name}.weight",
                factor,
                lambda row, column: row % half in PAIRS,
            )
    checkpoint.save()


main()
