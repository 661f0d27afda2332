"""Copies a Qwen2 checkpoint, with a large bias planted in some rope pairs of its keys.

usage: plant_bias.py MODEL OUTPUT

The bias of these pairs becomes 64 times as large, and queries see a 64th of them. What they say of a
token is lost, so the planted model is its own baseline.
"""

import sys

from planted_checkpoint import Checkpoint

FACTOR = 64
PAIRS = [3, 8, 29]


def main():
    checkpoint = Checkpoint(*sys.argv[1:])
    half = checkpoint.config["head_dim"] // 2
    for layer in checkpoint.layers():
        attention = f"model.layers.{layer}.self_attn"
        checkpoint.scale(f"{attention}.k_proj.bias", FACTOR, lambda row, column: column % half in PAIRS)
        checkpoint.scale(f"{attention}.q_proj.bias", 1 / FACTOR, lambda row, column: column % half in PAIRS)
        checkpoint.scale(f"{attention}.q_proj.weight", 1 / FACTOR, lambda row, column: row % half in PAIRS)
    checkpoint.save()


main()
