#!/usr/bin/env python3
"""break_checkpoint.py KIND SOURCE TARGET: copies a checkpoint and breaks the copy in one way.

SOURCE is a bundled model, tiny-llama for most kinds: the functions below.
"""
import json
import os
import shutil
import struct
import sys

WEIGHTS = "model.safetensors"
QUERY = "model.layers.1.self_attn.q_proj.weight"
KEY = "model.layers.1.self_attn.k_proj.weight"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, contents):
    with open(path, "wb") as file:
        file.write(contents)


def edit_json(path, edit):
    contents = json.loads(read(path))
    edit(contents)
    write(path, json.dumps(contents).encode())


def edit_header(edit):
    contents = read(WEIGHTS)
    (size,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8:8 + size])
    edit(header)
    encoded = json.dumps(header).encode()
    write(WEIGHTS, struct.pack("<Q", len(encoded)) + encoded + contents[8 + size:])


def truncated():
    os.truncate(WEIGHTS, os.path.getsize(WEIGHTS) // 2)


def overlapping():
    def edit(header):
        header[QUERY]["data_offsets"] = [offset - 256 for offset in header[QUERY]["data_offsets"]]
    edit_header(edit)


def huge_header():
    write(WEIGHTS, struct.pack("<Q", 2**60) + read(WEIGHTS)[8:])


def missing_shard():
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    contents = read(WEIGHTS)
    (size,) = struct.unpack("<Q", contents[:8])
    names = [name for name in json.loads(contents[8:8 + size]) if name != "__metadata__"]
    os.rename(WEIGHTS, shards[0])
    index = {"weight_map": {name: shards[name == QUERY] for name in names}}
    write("model.safetensors.index.json", json.dumps(index).encode())


def not_finite():
    contents = bytearray(read(WEIGHTS))
    (size,) = struct.unpack("<Q", contents[:8])
    offset = json.loads(contents[8:8 + size])[QUERY]["data_offsets"][0]
    struct.pack_into("<H", contents, 8 + size + offset + 2 * (256 * 3 + 5), 0x7FC0)
    write(WEIGHTS, contents)


def wrong_shape():
    edit_header(lambda header: header[QUERY].update(shape=[128, 512]))


def wrong_dtype():
    edit_header(lambda header: header[QUERY].update(dtype="I16"))


def missing_tensor():
    def edit(header):
        header["unknown"] = header.pop(KEY)
    edit_header(edit)


def contradicting_config():
    edit_json("config.json", lambda config: config.update(intermediate_size=1024))


def broken_json():
    write("config.json", read("config.json")[:200])


def unknown_architecture():
    edit_json("config.json", lambda config: config.update(architectures=["MambaForCausalLM"]))


def unknown_activation():
    edit_json("config.json", lambda config: config.update(hidden_act="relu6"))


def unknown_scaling():
    edit_json("config.json",
              lambda config: config.update(rope_scaling={"rope_type": "yarn", "factor": 4.0}))


def large_tokenizer():
    def edit(tokenizer):
        vocabulary = tokenizer["model"]["vocab"]
        vocabulary["qopt"] = max(vocabulary.values()) + 1
    edit_json("tokenizer.json", edit)


def broken_tokenizer():
    write("tokenizer.json", read("tokenizer.json")[:-2])


def no_bos():
    edit_json("config.json", lambda config: config.pop("bos_token_id"))
    edit_json("generation_config.json", lambda config: config.pop("bos_token_id"))


kind, source, target = sys.argv[1:]
shutil.rmtree(target, ignore_errors=True)
shutil.copytree(source, target)
os.chdir(target)
globals()[kind.replace("-", "_")]()
