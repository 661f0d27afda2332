#!/usr/bin/env python3
"""edit_checkpoint.py KIND SOURCE TARGET: copies a checkpoint with other tensors in it.

The kinds are the functions below; each edits a dictionary of (dtype, shape, bytes) by name.
"""
import json
import os
import shutil
import struct
import sys


def unprefixed(tensors):
    """GPT-2 saved without its language model head."""
    for name in list(tensors):
        tensors[name.removeprefix("transformer.")] = tensors.pop(name)


def gpt2_buffers(tensors):
    """The causal mask, as old versions of transformers stored it."""
    for layer in range(4):
        tensors[f"transformer.h.{layer}.attn.bias"] = ("U8", [1, 1, 4, 4], bytes(16))
        tensors[f"transformer.h.{layer}.attn.masked_bias"] = ("F32", [], bytes(4))


def llama_buffers(tensors):
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = ("F32", [32], bytes(128))


def repeated_head(tensors):
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]


def other_head(tensors):
    dtype, shape, data = tensors["model.embed_tokens.weight"]
    tensors["lm_head.weight"] = (dtype, shape, bytes(2) + data[2:])


def fifth_layer(tensors):
    tensors["model.layers.4.mlp.up_proj.weight"] = tensors["model.layers.3.mlp.up_proj.weight"]


def f32(tensors):
    """bf16 widened: exact."""
    for name, (_, shape, data) in tensors.items():
        wide = bytearray(2 * len(data))
        wide[2::4], wide[3::4] = data[0::2], data[1::2]
        tensors[name] = ("F32", shape, bytes(wide))


def read(path):
    with open(path, "rb") as file:
        contents = file.read()
    (size,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8:8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        begin, end = (8 + size + offset for offset in info["data_offsets"])
        tensors[name] = (info["dtype"], info["shape"], contents[begin:end])
    return tensors


def write(path, tensors):
    header, offset = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    encoded = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for _, _, data in tensors.values():
            file.write(data)


kind, source, target = sys.argv[1:]
shutil.rmtree(target, ignore_errors=True)
shutil.copytree(source, target)
path = os.path.join(target, "model.safetensors")
tensors = read(path)
globals()[kind.replace("-", "_")](tensors)
write(path, tensors)
