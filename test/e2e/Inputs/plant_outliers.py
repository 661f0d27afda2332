"""Copies a LLaMA checkpoint, with outlier channels planted in its activations.

usage: plant_outliers.py MODEL OUTPUT

Some channels of the norms before q, k, v and gate, up become 64 times as large and the columns that
read them as much smaller: a power of two, so that bf16 holds both exactly and the function stays.
"""

import json
import shutil
import struct
import sys

FACTOR = 64
CHANNELS = [3, 77, 130, 201]
READERS = {
    "input_layernorm": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "post_attention_layernorm": ["mlp.gate_proj", "mlp.up_proj"],
}


def scale(value, factor):
    """A bf16 number times a factor, as bits."""
    (number,) = struct.unpack("<f", struct.pack("<I", value << 16))
    (bits,) = struct.unpack("<I", struct.pack("<f", number * factor))
    assert bits & 0xFFFF == 0
    return bits >> 16


def main():
    model, output = sys.argv[1:]
    shutil.copytree(model, output, dirs_exist_ok=True)
    with open(f"{model}/model.safetensors", "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])

    def scale_columns(name, factor):
        info = header[name]
        assert info["dtype"] == "BF16"
        begin, end = info["data_offsets"]
        columns = info["shape"][-1]
        for row in range(8 + length + begin, 8 + length + end, 2 * columns):
            for channel in CHANNELS:
                (value,) = struct.unpack_from("<H", data, row + 2 * channel)
                struct.pack_into("<H", data, row + 2 * channel, scale(value, factor))

    layer = 0
    while f"model.layers.{layer}.input_layernorm.weight" in header:
        for norm, readers in READERS.items():
            scale_columns(f"model.layers.{layer}.{norm}.weight", FACTOR)
            for reader in readers:
                scale_columns(f"model.layers.{layer}.{reader}.weight", 1 / FACTOR)
        layer += 1
    assert layer > 0
    with open(f"{output}/model.safetensors", "wb") as file:
        file.write(data)


main()
