#!/usr/bin/env python3
"""plant.py FAULT ARTIFACT: changes the GPU side of an artifact so that one thing in it is wrong."""
import json
import re
import sys


def edit_kernel(path, kernel, pattern, replacement, count=1, module="kernels.ptx"):
    """In one kernel of the PTX, which must have what is replaced."""
    with open(f"{path}/{module}", encoding="utf-8") as file:
        text = file.read()
    begin = text.index(f".entry {kernel}(")
    end = text.index("\n}", begin)
    edited, found = re.subn(pattern, replacement, text[begin:end], count=count)
    if not found:
        sys.exit(f"{kernel} has no {pattern}")
    with open(f"{path}/{module}", "w", encoding="utf-8") as file:
        file.write(text[:begin] + edited + text[end:])


def operand(path):
    with open(f"{path}/plan.json", encoding="utf-8") as file:
        plan = json.load(file)
    for function in plan["targets"]["ptx"]["functions"].values():
        for launch in function["launches"]:
            for argument in launch["args"]:
                if argument.get("weight") == "model.layers.0.mlp.down_proj.weight.packed":
                    argument["weight"] = "model.layers.1.mlp.down_proj.weight.packed"
    with open(f"{path}/plan.json", "w", encoding="utf-8") as file:
        json.dump(plan, file)


def race(path):
    edit_kernel(path, "rms_norm_256_to_bf16", r"\tbar\.sync[^;]*;\n", "", 0)


def bounds(path):
    edit_kernel(path, "gather_256_bf16", r"(st\.global\S*\s+\[%rd\d+)(?:\+\d+)?\]", r"\1+4096]")


def wait(path):
    edit_kernel(path, "rms_norm_256_to_bf16", r"griddepcontrol\.wait;", "", module="kernels.sm_90a.ptx")


def exit_early(path):
    edit_kernel(path, "score_1024", r"\tgriddepcontrol\.wait;", "\tret;", module="kernels.sm_90a.ptx")


fault, path = sys.argv[1:]
{"operand": operand, "race": race, "bounds": bounds, "wait": wait, "exit": exit_early}[fault](path)
