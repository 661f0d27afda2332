"""Times GGUF files, decoding and prefill, beside plain reading and llama.cpp.

usage: gguf_speed.py CONFIG DIRECTORY [--threads N] [--llama-bench PROGRAM]

CONFIG is a Llama's config.json, such as shapes/TinyLlama-1.1B.json. Files of Q8_0, Q4_0 (head and
embedding, too) and Q4_K (with a head of Q6_K) are made of random blocks in DIRECTORY, unless they are
there; qopt compiles them for the CPU with activations in blocks as ggml has them. All programs are run
in turns, ROUNDS times; the best of each counts, as others only ever slow one down. GB/s are those of
the file: what is stored of a weight, read once a token. qopt and qrun are those of PATH.
"""

import argparse
import json
import os
import pathlib
import random
import struct
import subprocess

from turns import best_in_turns, measure, measure_llama

U32, F32, STRING, ARRAY, I32 = 4, 6, 8, 9, 5

# ggml's number, elements and bytes of a block, and how a random one is written.
HALF = struct.pack("<e", 0.001)
TYPES = {
    "F32": (0, 1, 4, None),
    "Q8_0": (8, 32, 34, lambda noise: HALF + noise[:32]),
    "Q4_0": (2, 32, 18, lambda noise: HALF + noise[:16]),
    "Q4_K": (12, 256, 144, lambda noise: HALF + HALF + noise[:140]),
    "Q6_K": (14, 256, 210, lambda noise: noise[:192] + bytes(16 * [9]) + HALF),
}
# Type of linears and embedding, and of the head; the elements that share a scale of activations.
FILES = {"Q8_0": ("Q8_0", 32), "Q4_0": ("Q4_0", 32), "Q4_K": ("Q6_K", 256)}


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key, kind, value):
    forms = {U32: "<I", F32: "<f", I32: "<i"}
    if isinstance(value, list):
        items = [text(item) if kind == STRING else struct.pack(forms[kind], item) for item in value]
        return text(key) + struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(items)
    return text(key) + struct.pack("<I", kind) + (text(value) if kind == STRING else struct.pack(forms[kind], value))


def metadata(config):
    vocabulary = config["vocab_size"]
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]
    names += [f"t{i}" for i in range(vocabulary - len(names))]
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    return [
        pair("general.architecture", STRING, "llama"),
        pair("llama.context_length", U32, config["max_position_embeddings"]),
        pair("llama.embedding_length", U32, config["hidden_size"]),
        pair("llama.block_count", U32, config["num_hidden_layers"]),
        pair("llama.feed_forward_length", U32, config["intermediate_size"]),
        pair("llama.attention.head_count", U32, config["num_attention_heads"]),
        pair("llama.attention.head_count_kv", U32, config["num_key_value_heads"]),
        pair("llama.attention.layer_norm_rms_epsilon", F32, config["rms_norm_eps"]),
        pair("llama.rope.dimension_count", U32, head_dim),
        pair("llama.rope.freq_base", F32, config.get("rope_theta", 10000.0)),
        pair("llama.vocab_size", U32, vocabulary),
        pair("tokenizer.ggml.model", STRING, "llama"),
        pair("tokenizer.ggml.tokens", STRING, names),
        pair("tokenizer.ggml.scores", F32, [0.0] * vocabulary),
        pair("tokenizer.ggml.token_type", I32, [2, 3, 3] + [6] * 256 + [1] * (vocabulary - 259)),
        pair("tokenizer.ggml.bos_token_id", U32, 1),
        pair("tokenizer.ggml.eos_token_id", U32, 2),
        pair("tokenizer.ggml.unknown_token_id", U32, 0),
    ]


def tensors(config, kind, head):
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    keys = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    yield "token_embd.weight", (vocabulary, hidden), kind
    yield "output.weight", (vocabulary, hidden), head
    yield "output_norm.weight", (hidden,), "F32"
    for i in range(config["num_hidden_layers"]):
        for name, shape in {
            "attn_q": (hidden, hidden), "attn_k": (keys, hidden), "attn_v": (keys, hidden),
            "attn_output": (hidden, hidden), "ffn_gate": (inner, hidden), "ffn_up": (inner, hidden),
            "ffn_down": (hidden, inner), "attn_norm": (hidden,), "ffn_norm": (hidden,),
        }.items():
            yield f"blk.{i}.{name}.weight", shape, kind if len(shape) == 2 else "F32"


def contents(kind, elements):
    _, block, _, make = TYPES[kind]
    if make is None:
        return struct.pack("<f", 1.0) * elements
    noise = random.Random(1)
    some = b"".join(make(noise.randbytes(256)) for _ in range(1024))
    count = elements // block
    return some * (count // 1024) + some[: len(some) // 1024 * (count % 1024)]


def make_file(config, kind, head, path):
    infos, offset, pairs = [], 0, metadata(config)
    listed = list(tensors(config, kind, head))
    for name, shape, element in listed:
        number, block, size, _ = TYPES[element]
        elements = shape[0] * (shape[1] if len(shape) > 1 else 1)
        dimensions = b"".join(struct.pack("<Q", dimension) for dimension in reversed(shape))
        infos.append(text(name) + struct.pack("<I", len(shape)) + dimensions + struct.pack("<IQ", number, offset))
        offset += (elements // block * size + 31) // 32 * 32
    header = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs)) + b"".join(pairs + infos)
    with open(path, "wb") as file:
        file.write(header + bytes(-len(header) % 32))
        for _, shape, element in listed:
            data = contents(element, shape[0] * (shape[1] if len(shape) > 1 else 1))
            file.write(data + bytes(-len(data) % 32))


def compile_file(path, group, output):
    subprocess.run(
        ["qopt", path, f"--quantize-activations=type=int8 dynamic=group:{group} preset=ggml",
         "--default-pipeline=targets=cpu", "-o", output],
        check=True, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--llama-bench")
    options = parser.parse_args()
    config = json.loads(options.config.read_text())

    runs, weight_bytes = {}, {}
    for kind, (head, group) in FILES.items():
        path, artifact = options.directory / f"{kind}.gguf", options.directory / f"{kind}.qmod"
        if not path.exists():
            make_file(config, kind, head, path)
        # A token reads one row of the embedding.
        _, block, size, _ = TYPES[kind]
        weight_bytes[kind] = path.stat().st_size - config["vocab_size"] * config["hidden_size"] // block * size
        if not artifact.exists():
            compile_file(path, group, artifact)
        runs[kind] = lambda artifact=artifact: measure(artifact, options.threads)
        if options.llama_bench:
            runs[f"llama.cpp {kind}"] = lambda path=path: measure_llama(options.llama_bench, path, options.threads)

    best = best_in_turns(runs)
    bandwidth = max(result.get("bandwidth", 0) for result in best.values())
    print(f"{options.threads} threads, plain reading {bandwidth:.1f} GB/s")
    for name, result in best.items():
        read = weight_bytes[name.split()[-1]] * result["decode"] / 1e9
        line = (f"{name:15} decode {result['decode']:6.2f} tokens/s, {read:5.1f} GB/s of the file, "
                f"{read / bandwidth:4.0%} of plain reading; prefill {result['prefill']:6.1f} tokens/s")
        other = best.get(f"llama.cpp {name}")
        if other:
            line += (f"; {result['decode'] / other['decode']:.2f} and "
                     f"{result['prefill'] / other['prefill']:.2f} times llama.cpp")
        print(line)


main()
