"""Times decoding and prefill with quantized weights and activations beside bf16, plain reading and llama.cpp.

usage: quantized_speed.py CONFIG DIRECTORY [--threads N] [--llama-bench PROGRAM --gguf FILE...]

CONFIG is a config.json, such as shapes/TinyLlama-1.1B.json; weights are random. qopt and qrun are those of
PATH. Linears, embedding and head are quantized. Artifacts that are in DIRECTORY already are not compiled
again. All are measured in turns, ROUNDS times, llama.cpp's between them; the best of each counts, as other
programs only ever slow one down.
"""

import argparse
import os
import pathlib
import subprocess
import time

from turns import best_in_turns, measure, measure_llama

# Weights, activations.
SCHEMES = {
    "bf16": (None, None),
    "int8 row": ("type=int8", None),
    "fp8_e4m3 row": ("type=fp8_e4m3", None),
    "int4 group:32": ("type=int4 granularity=group:32", None),
    "int8 row, int8 token": ("type=int8", "type=int8 dynamic=token"),
    "int4 group:32, int8 group:32": ("type=int4 granularity=group:32", "type=int8 dynamic=group:32"),
}
HEAD = "tensors='lm_head.weight|model.embed_tokens.weight'"


def compile_model(config, weights, activations, path):
    """Seconds it took, or None where it was there."""
    if path.exists():
        return None
    rules = []
    if weights:
        rules += [f"--quantize-weights={weights}", f"--quantize-weights={weights} {HEAD}"]
    if activations:
        rules.append(f"--quantize-activations={activations}")
    start = time.monotonic()
    subprocess.run(
        ["qopt", "--random-params=1", config, *rules, "--default-pipeline=targets=cpu", "-o", path],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--llama-bench")
    parser.add_argument("--gguf", nargs="*", default=[])
    options = parser.parse_args()

    runs, seconds = {}, {}
    for number, (name, (weights, activations)) in enumerate(SCHEMES.items()):
        path = options.directory / f"{number}.qmod"
        seconds[name] = compile_model(options.config, weights, activations, path)
        runs[name] = lambda path=path: measure(path, options.threads)
    for file in options.gguf:
        runs["llama.cpp " + pathlib.Path(file).stem] = lambda file=file: measure_llama(
            options.llama_bench, file, options.threads
        )

    best = best_in_turns(runs)
    bandwidth = max(result.get("bandwidth", 0) for result in best.values())
    base = best["bf16"]
    print(f"{options.threads} threads, plain reading {bandwidth:.1f} GB/s")
    for name, result in best.items():
        print(
            f"{name:30} decode {result['decode']:6.2f} tokens/s, {result['decode'] / base['decode']:.2f} x bf16"
            + (f", {result['read']:5.1f} GB/s, {result['read'] / bandwidth:4.0%}" if "read" in result else " " * 17)
            + f"; prefill {result['prefill']:6.1f} tokens/s, {result['prefill'] / base['prefill']:.2f} x bf16"
            + (f"; compiled in {seconds[name]:.1f} s" if seconds.get(name) else "")
        )


main()
