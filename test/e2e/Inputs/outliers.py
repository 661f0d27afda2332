"""SmoothQuant on a model with planted outliers: int8 weights and activations lose far less.

usage: outliers.py PLANTED_MODEL TEXT DIRECTORY
"""

import json
import subprocess
import sys

LEAST_GAIN = 5
W8A8 = [
    "--quantize-weights=type=int8",
    "--quantize-activations=type=int8 dynamic=token",
    "--default-pipeline=targets=cpu",
]


def run(*command):
    subprocess.run(command, check=True)


def main():
    model, text, directory = sys.argv[1:]
    names = ["base", "plain", "smooth"]
    base, plain, smooth = (f"{directory}/{name}.qmod" for name in names)
    observed, profile = f"{directory}/obs.qmod", f"{directory}/stats.safetensors"
    run("qopt", model, "-o", base)
    run("qopt", model, "--instrument", "-o", observed)
    run("qrun", "calibrate", observed, "--data", text, "--tokens", "4096", "-o", profile)
    run("qopt", model, *W8A8, "-o", plain)
    run("qopt", model, f"--smooth-quant=profile={profile}", *W8A8, "-o", smooth)
    compare = ["qrun", "compare", base, plain, smooth, "--text", text, "--windows", "8", "--json"]
    output = subprocess.run(compare, check=True, stdout=subprocess.PIPE).stdout
    divergences = [m["kl_divergence"]["mean"] for m in json.loads(output)["models"][1:]]
    gain = divergences[0] / divergences[1]
    print(f"KL {divergences[0]:.3e} without and {divergences[1]:.3e} with smoothing: {gain:.1f} x")
    sys.exit(gain < LEAST_GAIN)


main()
