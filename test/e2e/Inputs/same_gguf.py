#!/usr/bin/env python3
"""Exits with 1 unless a GGUF file that qopt wrote is the model in another one.

    same_gguf.py OURS THEIRS [--except TENSOR]

All tensors have the same names, types, shapes and, but for TENSOR, bytes; where OURS has a key of THEIRS, the values
are equal, but for scores, of which only the order counts, and names of the model.
"""
import struct
import sys

FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
BLOCKS = {  # type: elements, bytes
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    12: (256, 144), 13: (256, 176), 14: (256, 210), 20: (32, 18), 30: (1, 2)}


class Reader:
    def __init__(self, path):
        self.data, self.at = open(path, "rb").read(), 8
        tensors, pairs = self.number("Q"), self.number("Q")
        self.pairs = dict((self.string(), self.value(self.number("I"))) for _ in range(pairs))
        infos = [self.info() for _ in range(tensors)]
        start = (self.at + 31) // 32 * 32
        self.tensors = {}
        for name, shape, kind, offset in infos:
            elements, size = BLOCKS[kind]
            for dimension in shape:
                size *= dimension
            begin = start + offset
            self.tensors[name] = (shape, kind, self.data[begin:begin + size // elements])

    def number(self, form):
        value = struct.unpack_from("<" + form, self.data, self.at)[0]
        self.at += struct.calcsize("<" + form)
        return value

    def string(self):
        size = self.number("Q")
        self.at += size
        return self.data[self.at - size:self.at]

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind != ARRAY:
            return self.number(FORMATS[kind])
        element, count = self.number("I"), self.number("Q")
        return [self.value(element) for _ in range(count)]

    def info(self):
        name = self.string().decode()
        shape = [self.number("Q") for _ in range(self.number("I"))]
        return name, shape, self.number("I"), self.number("Q")


ours, theirs = Reader(sys.argv[1]), Reader(sys.argv[2])
if ours.tensors.keys() != theirs.tensors.keys():
    sys.exit(f"tensors differ: {sorted(ours.tensors.keys() ^ theirs.tensors.keys())}")
for name, tensor in theirs.tensors.items():
    if name in sys.argv[4:] and ours.tensors[name][:2] == tensor[:2]:
        continue
    if ours.tensors[name] != tensor:
        sys.exit(f"{name} differs: {ours.tensors[name][:2]}, not {tensor[:2]}, or bytes")
for key, value in theirs.pairs.items():
    mine = ours.pairs.get(key)
    if key == b"general.name":
        continue
    if key == b"tokenizer.ggml.scores":
        order = lambda scores: sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        mine, value = order(mine), order(value)
    if mine != value:
        sys.exit(f"{key.decode()} is {str(mine)[:80]}, not {str(value)[:80]}")
print(f"{len(theirs.tensors)} equal tensors")
