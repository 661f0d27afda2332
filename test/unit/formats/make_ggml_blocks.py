"""Writes data/ggml_blocks.json: blocks of every type, of random bytes and finite scales, and what the
gguf package (pip install gguf) decodes them to. Run: python3 make_ggml_blocks.py"""

import json
import pathlib

import gguf
import numpy as np

TYPES = {  # block bytes, offsets of f16 scales
    "Q4_0": (18, [0]), "Q4_1": (20, [0, 2]), "Q5_0": (22, [0]), "Q5_1": (24, [0, 2]),
    "Q8_0": (34, [0]), "Q4_K": (144, [0, 2]), "Q5_K": (176, [0, 2]), "Q6_K": (210, [208]),
    "IQ4_NL": (18, [0]), "MXFP4": (17, []), "BF16": (2, []), "F16": (2, []),
}
SCALES = [0.0123, -3.5, 0.0, 6e-8, 65504.0]

random = np.random.default_rng(5)
cases = []
for name, (size, scales) in TYPES.items():
    rows = random.integers(0, 256, (len(SCALES), size), dtype=np.uint8)
    if name in ("BF16", "F16"):
        rows = np.array(SCALES, dtype=np.float32)
        rows = (rows.astype(np.float16).view(np.uint8) if name == "F16"
                else (rows.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)).reshape(-1, 2)
    for i, scale in enumerate(SCALES):
        for offset in scales:
            rows[i, offset:offset + 2] = np.array([scale], dtype=np.float16).view(np.uint8)
    if name == "MXFP4":
        rows[:, 0] = [127, 120, 0, 1, 200]
    values = gguf.dequantize(rows, gguf.GGMLQuantizationType[name]).astype(np.float32)
    cases.append({"type": name, "blocks": rows.tobytes().hex(), "values": values.tobytes().hex()})
path = pathlib.Path(__file__).parent / "data" / "ggml_blocks.json"
path.write_text(json.dumps(cases, indent=1) + "\n")
