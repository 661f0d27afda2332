"""Times decoding with compressed caches at a depth, beside llama.cpp's.

usage: cache_speed.py FILE.gguf DIRECTORY [--depth N] [--threads N] [--llama-bench PROGRAM]

The model is a GGUF file, so that both programs have the same weights; its activations are int8 in blocks
of 32, as ggml has them. Artifacts are made in DIRECTORY unless they are there. Each cache of qopt stands
beside the one of llama.cpp that has as many bits or more; theirs is filled by prefill, with flash attention,
ours at random, which costs decoding the same. All programs are run in turns, ROUNDS times; the best of each
counts. qopt and qrun are those of PATH.
"""

import argparse
import os
import pathlib
import subprocess

from turns import best_in_turns, run_json

TOKENS = 16
# The cache of llama.cpp that is compared with, and rules of ours.
CACHES = {
    "f16": ("f16", "type=f16"),
    "int8": ("q8_0", "type=int8"),
    "int8 group=32": ("q8_0", "type=int8 group=32"),
    "int4": ("q4_0", "type=int4"),
    "int4 group=32": ("q4_0", "type=int4 group=32"),
}


def compile_file(path, rule, output):
    subprocess.run(
        ["qopt", path, "--quantize-activations=type=int8 dynamic=group:32 preset=ggml",
         f"--compress-kv={rule}", "--default-pipeline=targets=cpu", "-o", output],
        check=True, stderr=subprocess.DEVNULL)


def measure(artifact, options):
    trained = run_json("qrun", "info", artifact, "--json")["config"]["max_position"]
    context = max(trained, options.depth + TOKENS)
    run = run_json("qrun", "bench", artifact, "-p", 0, "-n", TOKENS, "-d", options.depth, "-r", 1,
                   "-t", options.threads, "--random-cache", "--max-context", context, "--json")[0]
    return {"decode": run["tests"][0]["tokens_per_s"]}


def measure_llama(kind, options):
    tests = run_json(options.llama_bench, "-m", options.file, "-p", 0, "-n", TOKENS, "-d", options.depth,
                     "-r", 1, "-t", options.threads, "-fa", 1, "-ctk", kind, "-ctv", kind, "-o", "json")
    return {"decode": tests[0]["avg_ts"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--depth", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--llama-bench")
    options = parser.parse_args()

    runs = {}
    for name, (_, rule) in CACHES.items():
        artifact = options.directory / f"{name.replace(' ', '-').replace('=', '')}.qmod"
        if not artifact.exists():
            compile_file(options.file, rule, artifact)
        runs[name] = lambda artifact=artifact: measure(artifact, options)
    if options.llama_bench:
        for kind in dict.fromkeys(kind for kind, _ in CACHES.values()):
            runs[f"llama.cpp {kind}"] = lambda kind=kind: measure_llama(kind, options)

    best = best_in_turns(runs)
    print(f"{options.file.name}, {options.depth} tokens in the cache, {options.threads} threads")
    for name, (kind, _) in CACHES.items():
        line = f"{name:14} {best[name]['decode']:6.2f} tokens/s"
        if other := best.get(f"llama.cpp {kind}"):
            line += (f"; llama.cpp {kind} {other['decode']:6.2f}, "
                     f"{best[name]['decode'] / other['decode']:.2f} times")
        print(line)


main()
