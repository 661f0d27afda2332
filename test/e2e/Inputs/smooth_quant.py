"""Smooths a model in several ways without quantization: it must stay what it was.

usage: smooth_quant.py MODEL TEXT DIRECTORY
"""

import json
import subprocess
import sys

WAYS = {
    "mit": "alpha=0.5 o-proj=true down-proj=true",
    "mit, strong": "alpha=0.9",
    "o and down": "norms=false o-proj=true down-proj=true",
    "llm-compressor": "variant=llm-compressor o-proj=true down-proj=true",
    "modelopt": "variant=modelopt o-proj=true down-proj=true",
}
LIMIT = 1e-9


def run(*command):
    subprocess.run(command, check=True)


def main():
    model, text, directory = sys.argv[1:]
    base, observed = f"{directory}/base.qmod", f"{directory}/obs.qmod"
    profile = f"{directory}/stats.safetensors"
    run("qopt", model, "-o", base)
    run("qopt", model, "--instrument", "-o", observed)
    run("qrun", "calibrate", observed, "--data", text, "--tokens", "2048", "-o", profile)
    artifacts = []
    for way in WAYS.values():
        artifacts.append(f"{directory}/{len(artifacts)}.qmod")
        run("qopt", model, f"--smooth-quant=profile={profile} {way}", "-o", artifacts[-1])
    compare = ["qrun", "compare", base, *artifacts, "--text", text, "--windows", "2", "--json"]
    output = subprocess.run(compare, check=True, stdout=subprocess.PIPE).stdout
    failures = 0
    for way, measured in zip(WAYS, json.loads(output)["models"][1:]):
        divergence = measured["kl_divergence"]["mean"]
        # Rounding leaves something: a model that was not smoothed would have a divergence of 0.
        failed = not 0 < divergence < LIMIT
        failures += failed
        print(f"{way}: KL {divergence:.3e}{' FAILED' if failed else ''}")
    sys.exit(failures)


main()
