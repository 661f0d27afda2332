"""Copies a LLaMA checkpoint, with outlier channels planted in its keys.

usage: plant_keys.py MODEL OUTPUT

Rows of k_proj that make some rope pairs become 16 times as large, and those of q_proj as much smaller:
a power of two, so that bf16 holds both exactly and the function stays.
"""

import json
import shutil
import struct
import sys

FACTOR = 16
PAIRS = [5, 20, 27]


def scale(value, factor):
    """A bf16 number times a factor, as bits."""
    (number,) = struct.unpack("<f", struct.pack("<I", value << 16))
    (bits,) = struct.unpack("<I", struct.pack("<f", number * factor))
    assert bits & 0xFFFF == 0
    return bits >> 16


def main():
    model, output = sys.argv[1:]
    shutil.copytree(model, output, dirs_exist_ok=True)
    with open(f"{model}/config.json") as file:
        head_dim = json.load(file)["head_dim"]
    with open(f"{model}/model.safetensors", "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])

    def scale_rows(name, factor):
        info = header[name]
        assert info["dtype"] == "BF16"
        rows, columns = info["shape"]
        for row in range(rows):
            if row % (head_dim // 2) not in PAIRS:
                continue
            begin = 8 + length + info["data_offsets"][0] + 2 * row * columns
            for at in range(begin, begin + 2 * columns, 2):
                (value,) = struct.unpack_from("<H", data, at)
                struct.pack_into("<H", data, at, scale(value, factor))

    layer = 0
    while f"model.layers.{layer}.self_attn.k_proj.weight" in header:
        scale_rows(f"model.layers.{layer}.self_attn.k_proj.weight", FACTOR)
        scale_rows(f"model.layers.{layer}.self_attn.q_proj.weight", 1 / FACTOR)
        layer += 1
    assert layer > 0
    with open(f"{output}/model.safetensors", "wb") as file:
        file.write(data)


main()
