"""Quantizes a model by the 13 schemes of quantization.json and compares the divergences.

usage: quantization.py MODEL TEXT DIRECTORY

quantization.json holds what an independent program found in float64 (numbers made with the bundled
models): the mean KL divergence of weight-only quantization over the first 20 windows of 512 tokens.
"""

import json
import subprocess
import sys

SCHEMES = {
    "int8 tensor": "type=int8 granularity=tensor",
    "int8 row": "type=int8 granularity=row",
    "int8 g128": "type=int8 granularity=group:128",
    "int8 g64": "type=int8 granularity=group:64",
    "int8 g32": "type=int8 granularity=group:32",
    "fp8_e4m3 tensor": "type=fp8_e4m3 granularity=tensor",
    "fp8_e4m3 row": "type=fp8_e4m3 granularity=row",
    "fp8_e4m3 g128": "type=fp8_e4m3 granularity=group:128",
    "int4 row": "type=int4 granularity=row",
    "int4 g64": "type=int4 granularity=group:64",
    "int4 g32": "type=int4 granularity=group:32",
    "int4a g64": "type=int4 granularity=group:64 asymmetric=true",
    "int4a g32": "type=int4 granularity=group:32 asymmetric=true",
}
TOLERANCE = 0.15


def main():
    model, text, directory = sys.argv[1:]
    with open(f"{model}/quantization.json") as file:
        reference = json.load(file)
    assert set(reference["results"]) == set(SCHEMES)

    base = f"{directory}/base.qmod"
    subprocess.run(["qopt", model, "-o", base], check=True)
    artifacts = []
    for number, scheme in enumerate(SCHEMES.values()):
        artifacts.append(f"{directory}/{number}.qmod")
        subprocess.run(
            ["qopt", model, f"--quantize-weights={scheme} mode=fake", "-o", artifacts[-1]],
            check=True,
        )
    compare = ["qrun", "compare", base, *artifacts, "--text", text, "--json"]
    compare += ["--ctx", str(reference["ctx"]), "--windows", str(reference["chunks"])]
    output = subprocess.run(compare, check=True, stdout=subprocess.PIPE).stdout
    models = json.loads(output)["models"][1:]

    failures = 0
    for name, measured in zip(SCHEMES, models):
        expected = reference["results"][name]["mean_kl"]
        ratio = measured["kl_divergence"]["mean"] / expected
        failed = abs(ratio - 1) > TOLERANCE
        failures += failed
        print(f"{name}: KL {expected:.3e} x {ratio:.4f}{' FAILED' if failed else ''}")
    sys.exit(failures)


main()
