#!/usr/bin/env python3
"""Compares what qrun printed as JSON with recorded reference values.

    compare.py generation OUTPUT REFERENCE    the prompt's ids, the greedy ids and their text
    compare.py greedy-start OUTPUT REFERENCE  as many of the greedy ids as there are
    compare.py logits OUTPUT REFERENCE [TOLERANCE]    logits of the last position, within 1e-3
    compare.py logprobs OUTPUT REFERENCE [TOLERANCE]  ids and log-probabilities of a window, within 1e-3
    compare.py perplexity OUTPUT REFERENCE    all perplexities of OUTPUT, within 0.05 %
    compare.py llama.cpp OUTPUT RESULTS MODEL perplexities that llama.cpp printed, within 0.1 %
    compare.py lm-eval OUTPUT LOGPROBS TEXT   what lm-eval makes of these log-probabilities
    compare.py same OUTPUT OTHER KEY...       equal values of these keys
    compare.py batch OUTPUT ALONE...          each sequence has the ids and text it has alone

REFERENCE is a model's reference.json (float64 results of an independent program). Prints what it
compared; exits with 1 at the first difference.
"""
import json
import math
import re
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def require_equal(what, actual, expected):
    if actual != expected:
        sys.exit(f"{what}: got {actual!r}, expected {expected!r}")


def require_close(what, actual, expected, tolerance):
    """The greatest difference of two lists is within an absolute tolerance."""
    require_equal(f"number of {what}", len(actual), len(expected))
    difference, at = max((abs(a - e), i) for i, (a, e) in enumerate(zip(actual, expected)))
    print(f"{what}: {len(actual)} values, greatest difference {difference:.3g}")
    if not difference <= tolerance:
        sys.exit(f"{what} {at}: got {actual[at]}, expected {expected[at]}")


def require_ratio(what, actual, expected, tolerance):
    print(f"{what}: got {actual:.6f}, expected {expected:.6f}, {actual / expected - 1:+.2e}")
    if not abs(actual / expected - 1) <= tolerance:
        sys.exit(f"{what} differs by more than {tolerance:.2%}")


def compare_generation(output, reference):
    require_equal("prompt_ids", output["prompt_ids"], reference["prompt_ids"])
    require_equal("ids", output["ids"], reference["greedy_ids"])
    require_equal("text", output["text"], reference["greedy_text"])


def compare_greedy_start(output, reference):
    require_equal("prompt_ids", output["prompt_ids"], reference["prompt_ids"])
    require_equal("ids", output["ids"], reference["greedy_ids"][:len(output["ids"])])


def compare_logits(output, reference, tolerance="1e-3"):
    require_equal("ids", output["ids"], reference["prompt_ids"])
    require_close("logits", output["logits"], reference["last_logits"], float(tolerance))


def compare_logprobs(output, reference, tolerance="1e-3"):
    require_equal("ids", output["ids"], reference["heldout_first_ids"])
    require_close("logprobs", output["logprobs"], reference["heldout_logprobs"], float(tolerance))


def compare_perplexity(output, reference):
    for result in output if isinstance(output, list) else [output]:
        name = f"{result['convention']} ctx={result['ctx']}"
        expected = reference["perplexity"][name]
        require_equal(f"{name}: tokens", result["tokens"], expected["tokens"])
        require_ratio(name, result["perplexity"], expected["ppl"], 5e-4)
        if expected["error"]:  # Recorded for llama.cpp's convention only.
            require_ratio(f"{name}: stderr", result["stderr"], expected["error"], 5e-3)


def compare_llama_cpp(output, results, model):
    require_equal("convention", output["convention"], "llama.cpp")
    name = f"F32 weights, f32 cache, ctx={output['ctx']}"
    require_ratio(name, output["perplexity"], results[model][name]["ppl"], 1e-3)
    require_ratio(f"{name}: stderr", output["stderr"], results[model][name]["error"], 5e-3)


def compare_lm_eval(output, logprobs, text):
    with open(text, encoding="utf-8", newline="") as file:
        page = file.read()
    total = sum(logprobs["logprobs"])
    words, size = len(re.split(r"\s+", page)), len(page.encode())
    require_equal("tokens", output["tokens"], len(logprobs["logprobs"]))
    require_ratio("log_likelihood", output["log_likelihood"], total, 1e-9)
    require_ratio("perplexity", output["perplexity"], math.exp(-total / words), 1e-9)
    require_ratio("byte_perplexity", output["byte_perplexity"], math.exp(-total / size), 1e-9)
    require_ratio("bits_per_byte", output["bits_per_byte"], -total / size / math.log(2), 1e-9)


def compare_same(output, other, *keys):
    for key in keys:
        require_equal(key, output[key], other[key])


def compare_batch(output, *alone):
    require_equal("number of sequences", len(output["sequences"]), len(alone))
    for together, other in zip(output["sequences"], alone):
        compare_same(together, other, "prompt_ids", "ids", "text")


COMPARISONS = {
    "generation": compare_generation,
    "greedy-start": compare_greedy_start,
    "logits": compare_logits,
    "logprobs": compare_logprobs,
    "perplexity": compare_perplexity,
    "llama.cpp": compare_llama_cpp,
    "lm-eval": compare_lm_eval,
    "same": compare_same,
    "batch": compare_batch,
}

what, *arguments = sys.argv[1:]
files = [load(name) if name.endswith(".json") else name for name in arguments]
COMPARISONS[what](*files)
