"""Writes data/ggml_quantized.json: rows of 256 values, ggml's blocks of them for the types of 32
elements, and the squared error of ggml's blocks for the K types. Run, with the gguf package for
decoding and a build of llama.cpp: python3 make_ggml_quantized.py libggml-base.so"""

import ctypes
import json
import pathlib
import sys

import gguf
import numpy as np

SIZE = 256
random = np.random.default_rng(7)
ROWS = {
    "gaussian": random.standard_normal(SIZE) * 0.02,
    "laplace": random.laplace(0, 0.03, SIZE),
    "positive": random.uniform(1, 3, SIZE),
    "negative": -random.exponential(0.1, SIZE),
    "outliers": random.standard_normal(SIZE) * 0.01 + (random.random(SIZE) < 0.02) * 0.7,
    "small": random.standard_normal(SIZE) * 2e-5,
    "large": random.standard_normal(SIZE) * 500,
    "ties": random.integers(-16, 17, SIZE) * 0.125,
    "groups": random.standard_normal(SIZE) * np.repeat(2.0 ** -np.arange(8), 32),
    "constant": np.full(SIZE, 0.25),
    "zeros": np.zeros(SIZE),
}
EXACT = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]
SEARCHED = ["Q4_K", "Q5_K", "Q6_K"]

library = ctypes.CDLL(sys.argv[1])
library.ggml_quantize_chunk.restype = ctypes.c_size_t


def quantize(name, values):
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = np.zeros(SIZE // elements * size, dtype=np.uint8)
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)
    library.ggml_quantize_chunk(ctypes.c_int(kind), pointer(values), pointer(blocks), ctypes.c_int64(0),
                                ctypes.c_int64(1), ctypes.c_int64(SIZE), None)
    return blocks, gguf.dequantize(blocks, kind).astype(np.float64)


cases = []
for row, numbers in ROWS.items():
    values = numbers.astype(np.float32)
    case = {"row": row, "values": values.tobytes().hex(), "blocks": {}, "errors": {}}
    for name in EXACT:
        case["blocks"][name] = quantize(name, values)[0].tobytes().hex()
    for name in SEARCHED:
        case["errors"][name] = float(np.sum((quantize(name, values)[1] - values) ** 2))
    cases.append(case)
path = pathlib.Path(__file__).parent / "data" / "ggml_quantized.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(cases, indent=1) + "\n")
