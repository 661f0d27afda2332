"""Compressed caches behave as the field knows: KL divergence against the uncompressed one.

usage: kv_cache.py MODEL TEXT DIRECTORY [PLANTED_MODEL rotated | before_rope]

The last word is what must undo what was planted.
"""

import json
import subprocess
import sys

CPU = "--default-pipeline=targets=cpu cpu-levels=host"
RULES = {
    "f16": "type=f16",
    "int8": "type=int8 granularity=token_head",
    "static": "type=int8 static profile={profile}",
    "symmetric": "type=int8 static asymmetric=false profile={profile}",
    "int4": "type=int4 asymmetric=true",
    "int4_groups": "type=int4 asymmetric=true group=32",
    "int4_keys": "k=int4",
    "int4_values": "v=int4",
    "int2": "type=int2 asymmetric=true",
    "int2_search": "type=int2 asymmetric=true search=true",
    "turbo_8_8": "mode=turbo m1=8 m2=8",
    "turbo_8_6": "mode=turbo m1=8 m2=6",
    "turbo_8_5": "mode=turbo m1=8 m2=5",
    "turbo_7_8": "mode=turbo m1=7 m2=8 profile={profile}",
    "turbo_5_8": "mode=turbo m1=5 m2=8 profile={profile}",
    "turbo_3_8": "mode=turbo m1=3 m2=8 profile={profile}",
    "turboquant4": "mode=turboquant bits=4",
    "turboquant3": "mode=turboquant bits=3",
    "turboquant2": "mode=turboquant bits=2",
    "kivi4": "mode=kivi bits=4",
    "kivi2": "mode=kivi bits=2",
    "flashq4": "mode=flashq bits=4",
    "flashq2": "mode=flashq bits=2",
    "before_rope": "type=int8 before_rope=true",
    "unrotated": "type=native before_rope=true",
    "int2_groups": "type=int2 asymmetric=true group=32",
    "bits_8_5": "type=int8 group=32 rotate=hadamard",
    "bits_4_5": "type=int4 asymmetric=true search=true rotate=hadamard",
    "sas": "softmax=sas",
}
LLAMA_CPP = {
    "tiny-llama": {"bits_8_5": 1.8e-5, "bits_4_5": 3.97e-3},
    "tiny-qwen2": {"bits_8_5": 1.7e-5, "bits_4_5": 3.39e-3},
}
PLANTED_RULES = {
    "plain": "type=int4",
    "rotated": "type=int4 rotate=hadamard",
    "before_rope": "type=int4 before_rope=true",
}
# Relations "less < more", each with the least factor between them.
ORDERS = [
    ("f16", "int8", 1),
    ("int8", "static", 1),
    ("int8", "symmetric", 1),
    ("int8", "int4_groups", 10),
    ("int4_groups", "int4", 1),
    ("int4", "int2", 5),
    ("int2_search", "int2", 1.05),
    ("int4_values", "int4_keys", 1),
    ("turbo_8_8", "turbo_8_6", 8),
    ("turbo_8_6", "turbo_8_5", 2),
    ("turboquant4", "turboquant3", 2),
    ("turboquant3", "turboquant2", 1.5),
    ("kivi4", "kivi2", 10),
    ("kivi2", "int2_groups", 5),
    ("int8", "flashq4", 1),
    ("flashq4", "int4", 3),
    ("flashq4", "flashq2", 10),
    ("flashq2", "int2", 2),
    ("before_rope", "int4_groups", 10),
]


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def divergences(model, text, directory, rules):
    base = f"{directory}/base.qmod"
    run("qopt", model, CPU, "-o", base)
    if any("profile" in rule for rule in rules.values()):
        run("qopt", model, "--instrument", CPU, "-o", f"{directory}/obs.qmod")
        run("qrun", "calibrate", f"{directory}/obs.qmod", "--data", text, "--tokens", "4096",
            "-o", f"{directory}/stats.safetensors")
    artifacts = []
    for name, rule in rules.items():
        artifacts.append(f"{directory}/{name}.qmod")
        rule = rule.format(profile=f"{directory}/stats.safetensors")
        run("qopt", model, f"--compress-kv={rule}", CPU, "-o", artifacts[-1])
    output = run("qrun", "compare", base, *artifacts, "--text", text, "--windows", "10",
                 "--no-speed", "--json")
    means = [m["kl_divergence"]["mean"] for m in json.loads(output)["models"][1:]]
    return dict(zip(rules, means))


def main():
    model, text, directory, *planted = sys.argv[1:]
    kl = divergences(model, text, directory, RULES)
    print(json.dumps(kl, indent=2))
    failed = [f"{less} * {factor} < {more}" for less, more, factor in ORDERS
              if not kl[less] * factor < kl[more]]
    if not kl["int8"] < 5e-5:
        failed.append("int8 < 5e-5")
    # llama.cpp's caches of 8.5 and 4.5 bits, q8_0 and q4_0, over the whole text.
    for name, limit in LLAMA_CPP.get(model.rstrip("/").split("/")[-1], {}).items():
        if not kl[name] <= limit:
            failed.append(f"{name} <= {limit}")
    if not kl["unrotated"] < 1e-10:
        failed.append("keys that are rotated when they are read are the same keys")
    if not 0 < kl["sas"] < 1e-3:
        failed.append("0 < sas < 1e-3")
    # m1 is range: nothing until the table no longer covers the data.
    if not abs(kl["turbo_7_8"] - kl["turbo_5_8"]) < 0.5 * kl["turbo_7_8"]:
        failed.append("turbo is flat in m1")
    if not kl["turbo_3_8"] > 4 * kl["turbo_5_8"]:
        failed.append("turbo jumps where the table ends")
    # What prefill and decode read is the same.
    short = f"{directory}/short.txt"
    with open(text) as whole, open(short, "w") as beginning:
        beginning.write(whole.read(6000))
    for name in ["int8", "int4_groups", "turbo_8_6", "turboquant3", "kivi2", "flashq4",
                 "before_rope"]:
        ppl = ["qrun", "eval", f"{directory}/{name}.qmod", "--ppl", short, "--json"]
        likelihoods = {json.loads(run(*ppl, "--chunk", chunk))["log_likelihood"]
                       for chunk in ["512", "37", "1"]}
        if len(likelihoods) != 1:
            failed.append(f"{name}: decode differs from prefill")
    if planted:
        kl = divergences(planted[0], text, directory, PLANTED_RULES)
        print(json.dumps(kl, indent=2))
        if not 3 * kl[planted[1]] < kl["plain"]:
            failed.append(f"{planted[1]} helps 3 times with what was planted in keys")
    if failed:
        sys.exit("; ".join(failed))


main()
