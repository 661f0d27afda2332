#!/usr/bin/env python3
"""transformers_speed.py CONFIG [--tiny]: tokens per second of transformers on the GPU.

A model of the config's shape with random bf16 weights, eager and compiled: prefill of 512 and 2048
tokens, and decoding at batch 1 after 128 and 2048 tokens with a static cache. Prints one JSON
object; what fails is in it with its reason.
"""
import argparse
import json
import time

import torch
import transformers


def seconds(function, repetitions):
    """The best of several runs, the GPU's work included."""
    best = float("inf")
    for _ in range(repetitions):
        torch.cuda.synchronize()
        start = time.perf_counter()
        function()
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best


def measure(model, forward, depths, prompts, steps):
    results = {}
    config = model.config
    for prompt in prompts:
        ids = torch.randint(config.vocab_size, (1, prompt), device="cuda")
        prefill = lambda: model(ids, use_cache=False, logits_to_keep=1)
        prefill()
        results[f"pp{prompt}"] = prompt / seconds(prefill, 3)
    for depth in depths:
        cache = transformers.StaticCache(config=config, max_batch_size=1, device="cuda",
                                         max_cache_len=depth + steps + 8, dtype=torch.bfloat16)
        ids = torch.randint(config.vocab_size, (1, depth), device="cuda")
        model(ids, past_key_values=cache, cache_position=torch.arange(depth, device="cuda"),
              logits_to_keep=1)
        token = ids[:, -1:]

        def decode():
            for step in range(steps):
                position = torch.tensor([depth + step], device="cuda")
                forward(token, past_key_values=cache, cache_position=position)

        decode()
        results[f"tg @ d{depth}"] = steps / seconds(decode, 3)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    depths, prompts, steps = ([129], [16], 2) if arguments.tiny else ([128, 2048], [512, 2048], 32)
    config = transformers.AutoConfig.from_pretrained(arguments.config)
    report = {"config": arguments.config, "torch": torch.__version__,
              "transformers": transformers.__version__, "gpu": torch.cuda.get_device_name()}
    with torch.inference_mode(), torch.device("cuda"):
        model = transformers.AutoModelForCausalLM.from_config(config, torch_dtype=torch.bfloat16)
        model.eval()
        for kind in ("eager", "compiled"):
            try:
                forward = model.forward
                if kind == "compiled":
                    forward = torch.compile(model.forward, mode="reduce-overhead", fullgraph=True)
                report[kind] = measure(model, forward, depths, prompts, steps)
            except Exception as error:  # What cannot be measured is reported, not fatal.
                report[kind] = {"missing": f"{type(error).__name__}: {error}".splitlines()[0]}
    print(json.dumps(report, indent=2))


main()
