"""Quantizes weights and activations of a model, real and fake, and compares them with each other.

usage: integer_products.py MODEL TEXT DIRECTORY

Real ones run integer products; fake ones the same codes as f32 numbers through f32 products. Rounding of
sums may move an activation across the border between two codes, and all that follows with it, so they
agree to a part of what quantization costs, and not to the last bit. Errors that have nothing to do with
each other would differ by twice what either costs.
"""

import json
import subprocess
import sys

# Weights, activations, and the most that the mean KL divergence from the original may be.
CASES = [
    ("type=int8", "type=int8 dynamic=token", 3e-3),
    ("type=int8 granularity=tensor preset=torchao", "type=int8 dynamic=token preset=torchao", 3e-3),
    ("type=int8 granularity=group:32", "type=int8 dynamic=group:32", 2e-3),
    ("type=int8", "type=int8 dynamic=tensor", 5e-2),
    ("type=int4 granularity=group:32", "type=int8 dynamic=group:32 preset=ggml", 3e-2),
    ("type=int4 granularity=group:32 asymmetric=true", "type=int8 dynamic=token", 3e-2),
    ("type=int8", "type=fp8_e4m3 dynamic=token", 2e-2),
]


def compile_model(model, path, weights, activations):
    passes = [f"--quantize-weights={weights}", f"--quantize-activations={activations}"]
    passes = passes if weights else []
    subprocess.run(
        ["qopt", model, *passes, "--default-pipeline=targets=cpu", "-o", path],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return path


def mean_kl(base, artifacts, text):
    command = ["qrun", "compare", base, *artifacts, "--text", text, "--windows", "2", "--json"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return [model["kl_divergence"]["mean"] for model in json.loads(output)["models"][1:]]


def main():
    model, text, directory = sys.argv[1:]
    base = compile_model(model, f"{directory}/base.qmod", "", "")
    failures = 0
    for number, (weights, activations, most) in enumerate(CASES):
        real = compile_model(model, f"{directory}/real{number}.qmod", weights, activations)
        fake = compile_model(
            model, f"{directory}/fake{number}.qmod", weights + " mode=fake", activations
        )
        (cost,) = mean_kl(base, [real], text)
        (difference,) = mean_kl(fake, [real], text)
        failed = not (0 < cost < most and difference < 0.5 * cost)
        failures += failed
        print(f"{weights}, {activations}: {cost:.3e}, real from fake {difference:.3e}", "FAILED" * failed)
    sys.exit(failures)


main()
