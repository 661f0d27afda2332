#!/usr/bin/env python3
"""Compares what `qrun compare --json` printed for a GGUF file with what llama.cpp printed.

    gguf_agreement.py OUTPUT RESULTS MODEL TYPE

Exits with 1 unless perplexity is within 0.2 % and mean KL divergence within 10 % + 2e-6.
"""
import json
import sys


def main(output, results, model, kind):
    with open(output, encoding="utf-8") as file:
        ours = json.load(file)["models"][1]
    with open(results, encoding="utf-8") as file:
        theirs = json.load(file)[model][f"{kind} weights, f32 cache, ctx=512"]
    perplexity, divergence = ours["perplexity"]["mean"], ours["kl_divergence"]["mean"]
    print(f"{model} {kind}: perplexity {perplexity:.4f}, llama.cpp {theirs['mean_ppl_q']:.4f}; "
          f"mean KL {divergence:.3e}, llama.cpp {theirs['mean_kld']:.3e}")
    if not abs(perplexity / theirs["mean_ppl_q"] - 1) <= 0.002:
        sys.exit("the perplexities differ by more than 0.2 %")
    if not abs(divergence - theirs["mean_kld"]) <= 0.1 * abs(theirs["mean_kld"]) + 2e-6:
        sys.exit("the mean KL divergences differ by more than 10 % + 2e-6")


main(*sys.argv[1:])
