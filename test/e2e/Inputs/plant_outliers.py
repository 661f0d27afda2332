"""Copies a LLaMA checkpoint, with outlier channels planted in its activations.

usage: plant_outliers.py MODEL OUTPUT

Some channels of the norms before q, k, v and gate, up become 64 times as large and the columns that
read them as much smaller: the function stays.
"""

import sys

from planted_checkpoint import Checkpoint

FACTOR = 64
CHANNELS = [3, 77, 130, 201]
READERS = {
    "input_layernorm": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "post_attention_layernorm": ["mlp.gate_proj", "mlp.up_proj"],
}


def main():
    checkpoint = Checkpoint(*sys.argv[1:])
    for layer in checkpoint.layers():
        for norm, readers in READERS.items():
            for name, factor in [(norm, FACTOR)] + [(reader, 1 / FACTOR) for reader in readers]:
                checkpoint.scale(
                    f"model.layers.{layer}.{name}.weight",
                    factor,
                    lambda row, column: column in CHANNELS,
                )
    checkpoint.save()


main()
