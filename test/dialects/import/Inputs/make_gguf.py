#!/usr/bin/env python3
"""Writes a Hugging Face directory's bf16 weights as a GGUF file, as llama.cpp's converter would.

    make_gguf.py DIRECTORY OUTPUT [SPLITS]

Without a tokenizer. With SPLITS > 1, OUTPUT is a prefix: OUTPUT-00001-of-00003.gguf, ...
"""
import json
import pathlib
import struct
import sys

U16, U32, I32, F32, STRING = 2, 4, 5, 6, 8
BF16 = 30
ALIGNMENT = 32

LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "ln_1": "attn_norm", "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down"}
MODEL = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm"}


def gguf_name(name):
    module, tensor = name.rsplit(".", 1)
    parts = module.split(".")
    if parts[1:2] in (["layers"], ["h"]):
        return f"blk.{parts[2]}.{LAYER['.'.join(parts[3:])]}.{tensor}"
    return f"{MODEL[module]}.{tensor}"


def read_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    for name, info in header.items():
        assert info["dtype"] == "BF16", name
        begin, end = info["data_offsets"]
        yield name, info["shape"], data[8 + size + begin:8 + size + end]


def interleave(rows, heads):
    """Rows of each head: first, first of the upper half, second, ..."""
    size = len(rows) // heads
    return [rows[head * size + half * size // 2 + i]
            for head in range(heads) for i in range(size // 2) for half in range(2)]


def transpose(shape, data):
    rows, columns = shape
    numbers = memoryview(data).cast("H")
    return [columns, rows], b"".join(
        struct.pack(f"<{rows}H", *numbers[column::columns]) for column in range(columns))


def convert(config, name, shape, data):
    name = gguf_name(name)
    kind = config["model_type"]
    if kind == "gpt2" and len(shape) == 2 and name.startswith("blk."):
        shape, data = transpose(shape, data)
    heads = {".attn_q.": config.get("num_attention_heads"),
             ".attn_k.": config.get("num_key_value_heads")}
    for part, count in heads.items():
        if kind == "llama" and part in name:
            size = len(data) // shape[0]
            rows = [data[i:i + size] for i in range(0, len(data), size)]
            data = b"".join(interleave(rows, count))
    return name, shape, data


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key, kind, value):
    body = text(value) if kind == STRING else struct.pack(
        {U16: "<H", U32: "<I", I32: "<i", F32: "<f"}[kind], value)
    return text(key) + struct.pack("<I", kind) + body


def metadata(config):
    kind = config["model_type"]
    names = {
        "block_count": ("num_hidden_layers", "n_layer"), "embedding_length": ("hidden_size", "n_embd"),
        "attention.head_count": ("num_attention_heads", "n_head"),
        "attention.head_count_kv": ("num_key_value_heads",),
        "attention.key_length": ("head_dim",), "attention.value_length": ("head_dim",),
        "rope.dimension_count": ("head_dim",),
        "context_length": ("max_position_embeddings", "n_positions"),
        "feed_forward_length": ("intermediate_size",)}
    pairs = [pair("general.architecture", STRING, kind), pair("general.file_type", U32, 32)]
    for key, sources in names.items():
        for source in sources:
            if source in config:
                pairs.append(pair(f"{kind}.{key}", U32, config[source]))
    if kind == "gpt2":
        pairs.append(pair("gpt2.feed_forward_length", U32, 4 * config["n_embd"]))
        pairs.append(pair("gpt2.attention.layer_norm_epsilon", F32, config["layer_norm_epsilon"]))
    else:
        pairs.append(pair(f"{kind}.attention.layer_norm_rms_epsilon", F32, config["rms_norm_eps"]))
        pairs.append(pair(f"{kind}.rope.freq_base", F32, config["rope_theta"]))
    for token in ("bos", "eos"):
        pairs.append(pair(f"tokenizer.ggml.{token}_token_id", U32, config[f"{token}_token_id"]))
    return pairs


def write(path, pairs, tensors):
    infos, blobs, offset = [], [], 0
    for name, shape, data in tensors:
        infos.append(text(name) + struct.pack("<I", len(shape)) +
                     b"".join(struct.pack("<Q", size) for size in reversed(shape)) +
                     struct.pack("<IQ", BF16, offset))
        data += bytes(-len(data) % ALIGNMENT)
        blobs.append(data)
        offset += len(data)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs)) + b"".join(pairs + infos)
    pathlib.Path(path).write_bytes(header + bytes(-len(header) % ALIGNMENT) + b"".join(blobs))


def main(directory, output, splits="1"):
    directory, splits = pathlib.Path(directory), int(splits)
    config = json.loads((directory / "config.json").read_text())
    tensors = [convert(config, *tensor)
               for tensor in read_safetensors(directory / "model.safetensors")]
    pairs = metadata(config)
    if splits == 1:
        return write(output, pairs, tensors)
    for i in range(splits):
        split = [pair("split.no", U16, i), pair("split.count", U16, splits),
                 pair("split.tensors.count", I32, len(tensors))]
        write(f"{output}-{i + 1:05}-of-{splits:05}.gguf", split + (pairs if i == 0 else []),
              tensors[i::splits])


main(*sys.argv[1:])
