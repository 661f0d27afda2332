"""A copy of a LLaMA checkpoint in which rows or columns of weights are multiplied by powers of two, which bf16 holds exactly."""

import json
import shutil
import struct


def scale(value, factor):
    """A bf16 number times a factor, as bits."""
    (number,) = struct.unpack("<f", struct.pack("<I", value << 16))
    (bits,) = struct.unpack("<I", struct.pack("<f", number * factor))
    assert bits & 0xFFFF == 0
    return bits >> 16


class Checkpoint:
    def __init__(self, model, output):
        shutil.copytree(model, output, dirs_exist_ok=True)
        self.output = output
        with open(f"{model}/config.json") as file:
            self.config = json.load(file)
        with open(f"{model}/model.safetensors", "rb") as file:
            self.data = bytearray(file.read())
        (length,) = struct.unpack_from("<Q", self.data)
        self.first = 8 + length
        self.header = json.loads(self.data[8 : self.first])

    def layers(self):
        return range(self.config["num_hidden_layers"])

    def scale(self, name, factor, selects):
        """Multiplies the elements whose row and column `selects`; a vector is one row."""
        info = self.header[name]
        assert info["dtype"] == "BF16"
        begin, end = info["data_offsets"]
        columns = info["shape"][-1]
        found = False
        for index in range((end - begin) // 2):
            if not selects(index // columns, index % columns):
                continue
            at = self.first + begin + 2 * index
            (value,) = struct.unpack_from("<H", self.data, at)
            struct.pack_into("<H", self.data, at, scale(value, factor))
            found = True
        assert found

    def save(self):
        with open(f"{self.output}/model.safetensors", "wb") as file:
            file.write(self.data)
