"""Runs every scheme from stored codes and from stored dequantized values, and compares the two.

usage: real_and_fake.py MODEL TEXT DIRECTORY LEVEL

LEVEL names the CPU kernels: avx512 or avx2.

Both multiply the same numbers; only float32 rounding may differ, so that the KL divergence of each
token is below 1e-9. Codes must also take the room that they should: bits a weight, with scales.
"""

import json
import subprocess
import sys

# The rule, and the bits of a weight of the linears.
SCHEMES = {
    "type=int8 granularity=tensor": 8,
    "type=int8 granularity=row": 8,
    "type=int8 granularity=group:128": 8.25,
    "type=int8 granularity=group:32": 9,
    "type=int8 granularity=row asymmetric=true": 8,
    "type=int8 granularity=group:64 asymmetric=true preset=torchao": 9,
    "type=int8 granularity=group:32 preset=ggml": 8.5,
    "type=fp8_e4m3 granularity=tensor": 8,
    "type=fp8_e4m3 granularity=row": 8,
    "type=fp8_e4m3 granularity=block:128x128": 8.25,
    "type=fp8_e5m2 granularity=group:128": 8.25,
    "type=int4 granularity=row": 4,
    "type=int4 granularity=group:64": 4.5,
    "type=int4 granularity=group:32 asymmetric=true": 6,
    "type=int4 granularity=group:32 preset=torchao asymmetric=true": 6,
    "type=nvfp4": 6,
    "type=mxfp4": 5,
    "type=int8 tensors='model.embed_tokens.weight'": 8,
    "type=int4 granularity=group:32 tensors='model.embed_tokens.weight'": 5,
}
LIMIT = 1e-9


def run(*command):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout


def compile_model(model, scheme, level, path):
    rules = [f"--quantize-weights={scheme}"] if scheme else []
    pipeline = f"--default-pipeline=targets=cpu cpu-levels={level}"
    run("qopt", model, *rules, pipeline, "-o", path)


def info(path):
    return json.loads(run("qrun", "info", path, "--json"))


def main():
    model, text, directory, level = sys.argv[1:]
    failures = 0
    compile_model(model, "", level, f"{directory}/base.qmod")
    for scheme, bits in SCHEMES.items():
        real, fake = f"{directory}/real.qmod", f"{directory}/fake.qmod"
        compile_model(model, scheme, level, real)
        compile_model(model, f"{scheme} mode=fake", level, fake)
        compare = ["qrun", "compare", fake, real, "--text", text, "--json", "--windows", "1"]
        divergence = json.loads(run(*compare))["models"][1]["kl_divergence"]
        # Fake linears are f32: what real ones save tells their bits.
        saved = info(fake)["stored_weight_bytes"] - info(real)["stored_weight_bytes"]
        linears = 2 * (
            info(fake)["stored_weight_bytes"] - info(f"{directory}/base.qmod")["stored_weight_bytes"]
        )  # f32 in place of bf16
        measured = 32 - 32 * saved / linears
        failed = divergence["max"] > LIMIT or not bits <= measured < bits + 0.3
        failures += failed
        print(
            f"{scheme}: max KL {divergence['max']:.1e}, {measured:.3f} bits a weight, "
            f"expected {bits}{' FAILED' if failed else ''}"
        )
    sys.exit(failures)


main()
