"""Times decoding with quantized weights beside the bf16 artifact and plain reading, in one run.

usage: quantized_decode.py CONFIG DIRECTORY [THREADS]

CONFIG is a config.json, such as shapes/TinyLlama-1.1B.json; weights are random. qopt and qrun are
those of PATH. Linears, embedding and head are quantized. Each artifact is measured three times, in
turns; the best of each counts, as other programs only ever slow one down.
"""

import json
import os
import subprocess
import sys
import time

SCHEMES = {
    "bf16": None,
    "int8 row": "type=int8",
    "int8 group:128": "type=int8 granularity=group:128",
    "fp8_e4m3 row": "type=fp8_e4m3",
    "int4 group:32": "type=int4 granularity=group:32",
    "int4 group:64 asymmetric": "type=int4 granularity=group:64 asymmetric=true",
}
ROUNDS = 3


def compile_model(config, scheme, path):
    rules = []
    if scheme:
        rules.append(f"--quantize-weights={scheme}")
        rules.append(f"--quantize-weights={scheme} tensors='lm_head.weight|model.embed_tokens.weight'")
    start = time.monotonic()
    pipeline = "--default-pipeline=targets=cpu"
    subprocess.run(
        ["qopt", "--random-params=1", config, *rules, pipeline, "-o", path],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - start


def measure(path, threads):
    command = ["qrun", "bench", path, "-p", "0", "-n", "32", "-r", "1", "-t", threads, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)[0]


def main():
    config, directory = sys.argv[1:3]
    threads = sys.argv[3] if len(sys.argv) > 3 else str(os.cpu_count())
    paths = {name: f"{directory}/{i}.qmod" for i, name in enumerate(SCHEMES)}
    seconds = {name: compile_model(config, SCHEMES[name], paths[name]) for name in SCHEMES}
    best = {}
    for _ in range(ROUNDS):
        for name, path in paths.items():
            run = measure(path, threads)
            test = run["tests"][0]
            result = test["tokens_per_s"], test["weights_gb_s"], run["read_bandwidth_gb_s"]
            best[name] = max(best.get(name, result), result)
    for name, (rate, read, bandwidth) in best.items():
        print(
            f"{name:26} {rate:6.2f} tokens/s, {rate / best['bf16'][0]:.2f} x bf16, "
            f"{read:5.1f} GB/s of weights, {read / bandwidth:.0%} of {bandwidth:.1f}, "
            f"compiled in {seconds[name]:.1f} s"
        )


main()
