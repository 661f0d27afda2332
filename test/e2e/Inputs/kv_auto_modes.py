"""mode=auto with scales of a profile, and with windows: what they cost, and that they are chosen.

usage: kv_auto_modes.py MODEL TEXT DIRECTORY

The model has 4 layers of 2 KV heads of 64.
"""

import json
import subprocess
import sys

CPU = "--default-pipeline=targets=cpu cpu-levels=host"
HEADS = 4 * 2 * 2
MODES = "int4-asymmetric,int8-static,turbo:6:8,kivi4,flashq4"


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def pools_of(artifact):
    with open(f"{artifact}/plan.json") as file:
        caches = json.load(file)["targets"]["cpu"]["caches"]
    return [(cache["kv_heads"], cache[part]) for cache in caches for part in "kv"]


def main():
    model, text, directory = sys.argv[1:]
    profile = f"{directory}/stats.safetensors"
    run("qopt", model, "--instrument", CPU, "-o", f"{directory}/obs.qmod")
    report = json.loads(run("qrun", "calibrate", f"{directory}/obs.qmod", "--data", text,
                            "--tokens", "1024", "--kv-sensitivity", "--kv-modes", MODES,
                            "-o", profile, "--json"))
    measured = {one["mode"]: one["kl"] for one in report["kv_sensitivity"]["uniform"]}
    print(measured)
    assert ",".join(sorted(measured)) == ",".join(sorted(MODES.split(",")))

    def compiled(rule, name):
        artifact = f"{directory}/{name}.qmod"
        run("qopt", model, *rule, CPU, "-o", artifact)
        return artifact

    def auto(budget, name):
        trace = f"{directory}/{name}.json"
        artifact = compiled([f"--compress-kv=mode=auto {budget} profile={profile} trace={trace}"],
                            name)
        with open(trace) as file:
            trace = json.load(file)
        windows = sum(heads * pool.get("window_bytes", 0) for heads, pool in pools_of(artifact))
        assert trace["window_bytes_per_sequence"] == windows, (windows, trace)
        assert trace["bytes_per_token"] <= trace["budget"]["bytes"], trace
        return artifact, trace, {part["chosen_mode"] for part in trace["parts"]}

    # 8 bits are enough for the static scales alone, which take no bytes: each layer has its own.
    static, trace, modes = auto("bits=8", "static")
    assert modes == {"int8-static"}, trace
    plain = compiled([f"--compress-kv=type=int8 static profile={profile}"], "plain")
    formats = [pool["format"] for _, pool in pools_of(static)]
    assert formats == [pool["format"] for _, pool in pools_of(plain)], formats
    assert len(set(formats)) == len(formats), formats
    # A scale's index is a byte; of KIVI's and flashq's windows, 256 tokens in f16 are counted over
    # the context, which is 512.
    bytes_of = {one["mode"]: one["bytes"] for one in trace["uniform"]}
    assert bytes_of == {"int4-asymmetric": HEADS * (32 + 4),
                        "int8-static": HEADS * 64,
                        "turbo:6:8": HEADS * 65,
                        "kivi4": HEADS * (32 + 8 + 64),
                        "flashq4": HEADS * (32 + 3 + 64)}, bytes_of
    # Over longer sequences windows take less: for everything, and for some keys or values.
    kivi, trace, modes = auto("bits=5.5 context=8192", "kivi")
    assert modes == {"kivi4"} and trace["bytes_per_token"] == HEADS * (32 + 8 + 4), trace
    some, trace, modes = auto("bits=4.9 context=65536", "some")
    assert len(modes) > 1 and modes & {"kivi4", "flashq4"}, trace
    predicted = trace["kl"]

    output = run("qrun", "compare", compiled([], "base"), static, kivi, some, "--text", text,
                 "--windows", "2", "--no-speed", "--json")
    kl = [one["kl_divergence"]["mean"] for one in json.loads(output)["models"][1:]]
    print(kl, predicted)
    # The sensitivities are those of the first 2 of these windows.
    for mean, mode in zip(kl, ["int8-static", "kivi4"]):
        assert abs(mean / measured[mode] - 1) < 1e-3, (mean, mode)
    assert 0.5 < kl[2] / predicted < 2 and kl[2] < measured["int4-asymmetric"] / 2, (kl, predicted)


main()
