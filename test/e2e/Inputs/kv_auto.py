"""mode=auto against every uniform mode of its size, on the text that the sensitivities are of.

usage: kv_auto.py MODEL TEXT DIRECTORY
"""

import json
import subprocess
import sys

CPU = "--default-pipeline=targets=cpu"
# What the default modes of calibrate --kv-sensitivity are as rules.
RULES = {
    "int8": "type=int8",
    "int8 asymmetric": "type=int8 asymmetric=true",
    "int4 asymmetric group=32": "type=int4 asymmetric=true group=32",
    "int4 asymmetric": "type=int4 asymmetric=true",
    "lloyd_max4 hadamard=1": "mode=turboquant bits=4",
    "lloyd_max3 hadamard=1": "mode=turboquant bits=3",
    "int2 asymmetric": "type=int2 asymmetric=true",
}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def main():
    model, text, directory = sys.argv[1:]
    # The calibration text is all of the file: 4 windows of 512 tokens.
    profile = f"{directory}/stats.safetensors"
    run("qopt", model, "--instrument", CPU, "-o", f"{directory}/obs.qmod")
    report = json.loads(run("qrun", "calibrate", f"{directory}/obs.qmod", "--data", text,
                            "--tokens", "2048", "--kv-sensitivity", "-o", profile, "--json"))
    measured = report["kv_sensitivity"]
    layers = {part["cache"] for part in measured["parts"]}
    assert len(measured["parts"]) == 2 * len(layers) * len(measured["uniform"])

    def auto(budget, name):
        trace, artifact = f"{directory}/{name}.json", f"{directory}/{name}.qmod"
        run("qopt", model, f"--compress-kv=mode=auto {budget} profile={profile} trace={trace}", CPU,
            "-o", artifact)
        with open(trace) as file:
            return json.load(file), artifact

    uniform = auto("bits=16", "widest")[0]["uniform"]
    run("qopt", model, CPU, "-o", f"{directory}/base.qmod")
    names, artifacts = [], []
    for one in uniform:
        if one["format"] not in RULES:
            continue
        names.append(one["format"])
        trace, artifact = auto(f"bytes={one['bytes']}", f"auto{len(names)}")
        assert trace["bytes_per_token"] <= one["bytes"], trace
        assert trace["kl"] <= one["kl"], (trace["kl"], one)
        plain = f"{directory}/uniform{len(names)}.qmod"
        run("qopt", model, f"--compress-kv={RULES[one['format']]}", CPU, "-o", plain)
        artifacts += [artifact, plain]
    assert len(names) == len(RULES), names
    output = run("qrun", "compare", f"{directory}/base.qmod", *artifacts, "--text", text,
                 "--windows", "4", "--no-speed", "--json")
    means = [m["kl_divergence"]["mean"] for m in json.loads(output)["models"][1:]]
    failed = False
    for name, chosen, plain in zip(names, means[::2], means[1::2]):
        print(f"{name:30} auto {chosen:.3e} uniform {plain:.3e}")
        failed |= not chosen <= plain * (1 + 1e-6)
    # Less may be lost: fewer bytes.
    bytes_of = [auto(f"kl={kl}", f"kl{i}")[0]["bytes_per_token"]
                for i, kl in enumerate([1e-4, 1e-3, 1e-2])]
    print(bytes_of)
    assert bytes_of == sorted(bytes_of, reverse=True) and len(set(bytes_of)) == 3
    if failed:
        sys.exit("mode=auto is worse than a uniform mode of its size")


main()
