"""Checks a profile of tiny-llama against norms of embeddings, computed here.

usage: check_calibration.py MODEL PROFILE IDS

IDS is what qrun eval --logprobs wrote: its first window is the text that the profile saw. The input of
the first layer's projections is the norm of the tokens' embeddings.
"""

import json
import math
import struct
import sys


def read_tensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    return header, data


def floats(header, data, name):
    info = header[name]
    begin, end = info["data_offsets"]
    if info["dtype"] == "F32":
        return struct.unpack_from(f"<{(end - begin) // 4}f", data, begin)
    assert info["dtype"] == "BF16"
    halves = struct.unpack_from(f"<{(end - begin) // 2}H", data, begin)
    return struct.unpack(f"<{len(halves)}f", b"".join(struct.pack("<I", h << 16) for h in halves))


def main():
    model, profile, ids_file = sys.argv[1:]
    header, data = read_tensors(f"{model}/model.safetensors")
    with open(f"{model}/config.json") as file:
        config = json.load(file)
    with open(ids_file) as file:
        ids = json.load(file)["ids"]
    channels = config["hidden_size"]
    table = floats(header, data, "model.embed_tokens.weight")
    weight = floats(header, data, "model.layers.0.input_layernorm.weight")
    rows = []
    for token in ids:
        x = table[token * channels : (token + 1) * channels]
        scale = 1 / math.sqrt(sum(v * v for v in x) / channels + config["rms_norm_eps"])
        rows.append([v * scale * w for v, w in zip(x, weight)])

    stats, stats_data = read_tensors(profile)
    prefix = "model.layers.0.self_attn.q_proj.weight.input"
    (entry,) = [
        entry
        for entry in json.loads(stats["__metadata__"]["inputs"])
        if entry["weights"][0] + ".input" == prefix
    ]
    assert entry["count"] == len(ids), (entry, len(ids))
    assert [name.split(".")[-2] for name in entry["weights"]] == ["q_proj", "k_proj", "v_proj"]

    def check(actual, expected):
        assert len(actual) == len(expected)
        for a, e in zip(actual, expected):
            assert abs(a - e) <= 2e-6 * max(abs(e), 1), (a, e)

    columns = list(zip(*rows))
    check(floats(stats, stats_data, prefix + ".min"), [min(column) for column in columns])
    check(floats(stats, stats_data, prefix + ".max"), [max(column) for column in columns])
    absmax = [max(map(abs, column)) for column in columns]
    check(floats(stats, stats_data, prefix + ".absmax"), absmax)
    # Sampled rows are the last of each of equal parts of the text.
    count = entry["sample_rows"]
    sampled = [rows[(i + 1) * len(ids) // count - 1] for i in range(count)]
    check(floats(stats, stats_data, prefix + ".rows"), [v for row in sampled for v in row])

    begin, _ = stats[prefix + ".histogram"]["data_offsets"]
    histogram = struct.unpack_from("<2048q", stats_data, begin)
    expected = [0] * 2048
    for row in rows:
        for v in row:
            expected[int(abs(v) / entry["histogram_range"] * 2048)] += 1
    # Rounding may put an element at an edge into the next bin.
    moved = sum(abs(a - e) for a, e in zip(histogram, expected)) / 2
    assert sum(histogram) == sum(expected) and moved <= 1e-3 * sum(expected), moved
    assert entry["histogram_range"] / 2 <= max(absmax) < entry["histogram_range"]


main()
