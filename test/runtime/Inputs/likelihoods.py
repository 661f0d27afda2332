"""Log-likelihoods of 200 requests on tiny-llama in float64, independent of qopt.

    python likelihoods.py MODEL_DIR heldout.txt > likelihoods.jsonl

Needs numpy and tokenizers. Writes questions as `qrun eval --task FILE.jsonl` reads them, each with the
log-likelihoods of its choices (`ll`): encoded as lm-evaluation-harness's `_encode_pair` does, by Hugging
Face's tokenizer, and computed from the stored bf16 weights in float64. likelihoods.jsonl is its output.
"""
import json
import re
import struct
import sys

import numpy as np
from tokenizers import Tokenizer


def load_weights(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "BF16"
        begin, end = entry["data_offsets"]
        bits = np.frombuffer(data[begin:end], dtype=np.uint16).astype(np.uint32) << 16
        weights[name] = bits.view(np.float32).astype(np.float64).reshape(entry["shape"])
    return weights


class Llama:
    def __init__(self, directory):
        self.config = json.load(open(directory + "/config.json", encoding="utf-8"))
        self.weights = load_weights(directory + "/model.safetensors")

    def norm(self, x, name):
        scale = np.sqrt((x * x).mean(-1, keepdims=True) + self.config["rms_norm_eps"])
        return x / scale * self.weights[name]

    def rotate(self, x):
        half = x.shape[-1] // 2
        frequencies = self.config["rope_theta"] ** (-np.arange(half) / half)
        angles = np.arange(x.shape[0])[:, None] * frequencies
        cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
        a, b = x[..., :half], x[..., half:]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)

    def log_probabilities(self, ids):
        c, w = self.config, self.weights
        tokens, dim = len(ids), c["head_dim"]
        x = w["model.embed_tokens.weight"][ids]
        mask = np.triu(np.full((tokens, tokens), -np.inf), 1)
        for i in range(c["num_hidden_layers"]):
            layer = f"model.layers.{i}."
            h = self.norm(x, layer + "input_layernorm.weight")
            q, k, v = (
                (h @ w[f"{layer}self_attn.{p}_proj.weight"].T).reshape(tokens, -1, dim) for p in "qkv"
            )
            q, k = self.rotate(q), self.rotate(k)
            group = q.shape[1] // k.shape[1]
            k, v = k.repeat(group, 1), v.repeat(group, 1)
            scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(dim) + mask
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            scores /= scores.sum(-1, keepdims=True)
            mixed = np.einsum("hqk,khd->qhd", scores, v).reshape(tokens, -1)
            x = x + mixed @ w[layer + "self_attn.o_proj.weight"].T
            h = self.norm(x, layer + "post_attention_layernorm.weight")
            gate = h @ w[layer + "mlp.gate_proj.weight"].T
            up = h @ w[layer + "mlp.up_proj.weight"].T
            x = x + (gate / (1 + np.exp(-gate)) * up) @ w[layer + "mlp.down_proj.weight"].T
        logits = self.norm(x, "model.norm.weight") @ w["lm_head.weight"].T
        logits -= logits.max(-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def encode_pair(tokenizer, bos, context, continuation):
    def encode(text):
        return [bos] + tokenizer.encode(text, add_special_tokens=False).ids

    if context == "":
        return encode(continuation), 1
    spaces = len(context) - len(context.rstrip())
    if spaces > 0:
        continuation = context[-spaces:] + continuation
        context = context[:-spaces]
    return encode(context + continuation), len(encode(context))


def questions(text):
    """40 with four endings, 10 whose query ends in white space, 10 without a query."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    for i in range(40):
        start, shared = i // 4 * 12, i % 4 + 1  # Four queries begin alike; each has one sentence more.
        query = " ".join(sentences[start : start + shared])
        endings = [sentences[start + shared + 50 * j] for j in range(4)]
        yield {"query": query, "choices": endings, "gold": i % 4}
    for i in range(10):
        query, *endings = sentences[300 + 3 * i : 303 + 3 * i]
        yield {"query": query + "\n ", "choices": endings, "gold": i % 2, "delimiter": ""}
    for i in range(10):
        yield {"query": "", "choices": sentences[400 + 2 * i : 402 + 2 * i], "gold": i % 2, "delimiter": ""}


def main():
    model = Llama(sys.argv[1])
    tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
    bos = model.config["bos_token_id"]
    for question in questions(open(sys.argv[2], encoding="utf-8").read()):
        question["ll"] = []
        for choice in question["choices"]:
            continuation = question.get("delimiter", " ") + choice
            ids, first = encode_pair(tokenizer, bos, question["query"], continuation)
            rows = model.log_probabilities(ids[:-1])
            question["ll"].append(round(sum(rows[i - 1, ids[i]] for i in range(first, len(ids))), 9))
        print(json.dumps(question))


if __name__ == "__main__":
    main()
