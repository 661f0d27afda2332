#!/usr/bin/env python3
"""Compares what qrun printed for a GPU with a model computed here, rounding where its kernels round.

    rounded_model.py CHECKPOINT OUTPUT... [--tolerance 2e-3]

OUTPUT is the JSON of `qrun eval --logits` or `--logprobs`, of at most 64 tokens: then attention knows the
greatest score of a row when it rounds its weights. Rounded to bf16 are what products multiply, queries, keys,
values, and the weights and results of attention. All sums are of float64. Where the kernels' sums of float32 round
to the other neighbour, more numbers do so in each layer and with each token: only short texts agree closely.
"""
import argparse
import json
import math
import operator
import struct
import sys
from itertools import repeat


def bf16(x):
    """The nearest bf16, ties to even."""
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    return struct.unpack("<f", struct.pack("<I", (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000))[0]


def rounded(row):
    return list(map(bf16, row))


def dot(a, b):
    return sum(map(operator.mul, a, b))


def product(row, matrix):
    return list(map(dot, repeat(row), matrix))


def add(a, b):
    return list(map(operator.add, a, b))


class Checkpoint:
    """Tensors of bf16 or f32 in a safetensors file; matrices as rows of bf16."""

    def __init__(self, directory):
        with open(directory + "/config.json", encoding="utf-8") as file:
            self.config = json.load(file)
        with open(directory + "/model.safetensors", "rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            self.header = json.loads(file.read(size))
            self.data = file.read()

    def has(self, name):
        return name in self.header

    def vector(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        if entry["dtype"] == "F32":
            return struct.unpack(f"<{(end - begin) // 4}f", self.data[begin:end])
        assert entry["dtype"] == "BF16", entry
        words = struct.unpack(f"<{(end - begin) // 2}H", self.data[begin:end])
        return struct.unpack(f"<{len(words)}f", struct.pack(f"<{len(words)}I", *(w << 16 for w in words)))

    def matrix(self, name):
        columns = self.header[name]["shape"][1]
        numbers = rounded(self.vector(name))
        return [numbers[i : i + columns] for i in range(0, len(numbers), columns)]


def rms_norm(row, weight, epsilon):
    factor = 1 / math.sqrt(dot(row, row) / len(row) + epsilon)
    return [x * factor * w for x, w in zip(row, weight)]


def layer_norm(row, weight, bias, epsilon):
    mean = sum(row) / len(row)
    factor = 1 / math.sqrt(sum((x - mean) ** 2 for x in row) / len(row) + epsilon)
    return [(x - mean) * factor * w + b for x, w, b in zip(row, weight, bias)]


def silu(x):
    return x / (1 + math.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def rotate(head, position, theta):
    half = len(head) // 2
    angles = [position * theta ** (-2 * i / len(head)) for i in range(half)]
    low = [a * math.cos(t) - b * math.sin(t) for a, b, t in zip(head, head[half:], angles)]
    high = [b * math.cos(t) + a * math.sin(t) for a, b, t in zip(head, head[half:], angles)]
    return low + high


def heads_of(row, size):
    return [row[i : i + size] for i in range(0, len(row), size)]


def attend(queries, keys, values):
    """Queries, keys and values are [token][head][element], rounded; returns rounded rows."""
    group = len(queries[0]) // len(keys[0])
    size = len(queries[0][0])
    rows = []
    for token, heads in enumerate(queries):
        row = []
        for head, query in enumerate(heads):
            shared = head // group
            scores = [dot(query, keys[i][shared]) / math.sqrt(size) for i in range(token + 1)]
            greatest = max(scores)
            weights = [bf16(math.exp(score - greatest)) for score in scores]
            total = sum(weights)
            columns = zip(*(values[i][shared] for i in range(token + 1)))
            row += [bf16(dot(weights, column) / total) for column in columns]
        rows.append(row)
    return rows


class Llama:
    """Llama, Qwen2 and Qwen3."""

    def __init__(self, checkpoint):
        self.checkpoint, config = checkpoint, checkpoint.config
        self.epsilon, self.theta = config["rms_norm_eps"], config["rope_theta"]
        self.size, self.layers = config["head_dim"], config["num_hidden_layers"]

    def linears(self, rows, name):
        matrix = self.checkpoint.matrix(name + ".weight")
        bias = self.checkpoint.vector(name + ".bias") if self.checkpoint.has(name + ".bias") else repeat(0.0)
        return [add(product(row, matrix), bias) for row in rows]

    def norms(self, rows, name):
        weight = self.checkpoint.vector(name + ".weight")
        return [rounded(rms_norm(row, weight, self.epsilon)) for row in rows]

    def heads(self, rows, prefix, which):
        """Queries or keys, normalized where the model does so, rotated and rounded."""
        norm = f"{prefix}.self_attn.{which}_norm.weight"
        weight = self.checkpoint.vector(norm) if self.checkpoint.has(norm) else None
        result = []
        for position, row in enumerate(rows):
            heads = heads_of(row, self.size)
            if weight:
                heads = [rms_norm(head, weight, self.epsilon) for head in heads]
            result.append([rounded(rotate(head, position, self.theta)) for head in heads])
        return result

    def logits(self, ids):
        table = self.checkpoint.matrix("model.embed_tokens.weight")
        hidden = [list(table[token]) for token in ids]
        for layer in range(self.layers):
            prefix = f"model.layers.{layer}"
            x = self.norms(hidden, prefix + ".input_layernorm")
            q, k, v = (self.linears(x, f"{prefix}.self_attn.{name}_proj") for name in "qkv")
            values = [[rounded(head) for head in heads_of(row, self.size)] for row in v]
            attended = attend(self.heads(q, prefix, "q"), self.heads(k, prefix, "k"), values)
            hidden = list(map(add, hidden, self.linears(attended, prefix + ".self_attn.o_proj")))
            x = self.norms(hidden, prefix + ".post_attention_layernorm")
            gates, ups = (self.linears(x, f"{prefix}.mlp.{name}_proj") for name in ("gate", "up"))
            x = [[bf16(silu(g) * u) for g, u in zip(*pair)] for pair in zip(gates, ups)]
            hidden = list(map(add, hidden, self.linears(x, prefix + ".mlp.down_proj")))
        head = "lm_head" if self.checkpoint.has("lm_head.weight") else "model.embed_tokens"
        return self.linears(self.norms(hidden, "model.norm"), head)


class Gpt2:
    """Its matrices are transposed."""

    def __init__(self, checkpoint):
        self.checkpoint, config = checkpoint, checkpoint.config
        self.prefix = "transformer." if checkpoint.has("transformer.wte.weight") else ""
        self.epsilon, self.layers = config["layer_norm_epsilon"], config["n_layer"]
        self.size = config["n_embd"] // config["n_head"]

    def linears(self, rows, name):
        matrix = list(zip(*self.checkpoint.matrix(name + ".weight")))
        bias = self.checkpoint.vector(name + ".bias")
        return [add(product(row, matrix), bias) for row in rows]

    def norms(self, rows, name):
        weight, bias = (self.checkpoint.vector(f"{name}.{part}") for part in ("weight", "bias"))
        return [rounded(layer_norm(row, weight, bias, self.epsilon)) for row in rows]

    def logits(self, ids):
        table = self.checkpoint.matrix(self.prefix + "wte.weight")
        positions = self.checkpoint.matrix(self.prefix + "wpe.weight")
        hidden = [add(table[token], positions[i]) for i, token in enumerate(ids)]
        for layer in range(self.layers):
            prefix = f"{self.prefix}h.{layer}"
            rows = self.linears(self.norms(hidden, prefix + ".ln_1"), prefix + ".attn.c_attn")
            columns = len(rows[0]) // 3
            q, k, v = (
                [[rounded(head) for head in heads_of(row[i * columns : (i + 1) * columns], self.size)] for row in rows]
                for i in range(3)
            )
            hidden = list(map(add, hidden, self.linears(attend(q, k, v), prefix + ".attn.c_proj")))
            x = self.linears(self.norms(hidden, prefix + ".ln_2"), prefix + ".mlp.c_fc")
            x = [[bf16(gelu_tanh(number)) for number in row] for row in x]
            hidden = list(map(add, hidden, self.linears(x, prefix + ".mlp.c_proj")))
        return [product(row, table) for row in self.norms(hidden, self.prefix + "ln_f")]


def log_probability(logits, token):
    greatest = max(logits)
    return logits[token] - greatest - math.log(sum(math.exp(x - greatest) for x in logits))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("outputs", nargs="+")
    parser.add_argument("--tolerance", type=float, default=2e-3)
    arguments = parser.parse_args()
    checkpoint = Checkpoint(arguments.checkpoint)
    model = (Gpt2 if checkpoint.config["model_type"] == "gpt2" else Llama)(checkpoint)
    for path in arguments.outputs:
        with open(path, encoding="utf-8") as file:
            output = json.load(file)
        ids = output["ids"]
        assert len(ids) <= 64, len(ids)
        logits = model.logits(ids)
        if "logits" in output:
            found, expected = output["logits"], logits[-1]
        else:
            found = output["logprobs"]
            expected = [log_probability(row, token) for row, token in zip(logits, ids[1:])]
        assert len(found) == len(expected) > 0, (len(found), len(expected))
        worst = max(abs(a - b) for a, b in zip(found, expected))
        print(f"{len(ids)} tokens, {len(found)} numbers: greatest difference {worst:.1e}, limit {arguments.tolerance:.0e}")
        if not worst <= arguments.tolerance:
            sys.exit(1)


main()
