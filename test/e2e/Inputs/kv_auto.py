"""mode=auto against every uniform mode of its size, on the text that the sensitivities are of.

usage: kv_auto.py MODEL TEXT DIRECTORY
"""

import json
import subprocess
import sys

CPU = "--default-pipeline=targets=cpu cpu-levels=host"
# What the default modes of calibrate --kv-sensitivity are as rules.
RULES = {
    "int8": "type=int8",
    "int8-asymmetric": "type=int8 asymmetric=true",
    "int4-asymmetric-search-g32": "type=int4 asymmetric=true search=true group=32",
    "int4-asymmetric-search": "type=int4 asymmetric=true search=true",
    "turboquant4": "mode=turboquant bits=4",
    "turboquant3": "mode=turboquant bits=3",
    "int2-asymmetric-search": "type=int2 asymmetric=true search=true",
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
    assert {one["mode"] for one in measured["uniform"]} == {*RULES, "f16"}, measured["uniform"]

    def auto(budget):
        """What is chosen, without compiling it."""
        trace = f"{directory}/why.json"
        rule = f"mode=auto {budget} profile={profile}"
        run("qopt", model, f"--compress-kv={rule} trace={trace}", "-o", f"{directory}/auto.mlir")
        with open(trace) as file:
            return rule, json.load(file)

    artifacts = {}

    def compiled(rule):
        if rule not in artifacts:
            artifacts[rule] = f"{directory}/{len(artifacts)}.qmod"
            run("qopt", model, *rule, CPU, "-o", artifacts[rule])
        return artifacts[rule]

    # Where everything gets the mode itself, there is nothing to compare.
    pairs = {}
    for one in auto("bits=16")[1]["uniform"]:
        rule, trace = auto(f"bytes={one['bytes']}")
        assert trace["bytes_per_token"] <= one["bytes"], trace
        assert trace["kl"] <= one["kl"], (trace["kl"], one)
        if {part["chosen_mode"] for part in trace["parts"]} != {one["mode"]}:
            uniform = (f"--compress-kv={RULES[one['mode']]}",)
            pairs[one["mode"]] = compiled((f"--compress-kv={rule}",)), compiled(uniform)
    assert len(pairs) > 1, pairs
    models = list(artifacts.values())
    output = run("qrun", "compare", compiled(()), *models, "--text", text, "--windows", "4",
                 "--no-speed", "--json")
    kl = {path: one["kl_divergence"]["mean"]
          for path, one in zip(models, json.loads(output)["models"][1:])}
    failed = False
    for name, (chosen, uniform) in pairs.items():
        print(f"{name:30} auto {kl[chosen]:.3e} uniform {kl[uniform]:.3e}")
        failed |= not kl[chosen] <= kl[uniform] * (1 + 1e-6)
    # Less may be lost: more bytes.
    bytes_of = [auto(f"kl={kl}")[1]["bytes_per_token"] for kl in [1e-4, 1e-3, 1e-2]]
    print(bytes_of)
    assert bytes_of == sorted(bytes_of, reverse=True) and len(set(bytes_of)) == 3
    if failed:
        sys.exit("mode=auto is worse than a uniform mode of its size")


main()
