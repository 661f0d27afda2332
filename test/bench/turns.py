"""Programs that are timed by turns, so that what else the machine does meets all of them."""

import json
import subprocess

PROMPT, TOKENS, ROUNDS = 512, 32, 3


def run_json(*command):
    output = subprocess.run(map(str, command), check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)


def measure(path, threads):
    """Tokens a second of prefill and decode, and weights and plain reading in GB/s."""
    run = run_json(
        "qrun", "bench", path, "-p", PROMPT, "-n", TOKENS, "-r", 1, "-t", threads, "--json"
    )[0]
    prefill, decode = run["tests"]
    return {
        "prefill": prefill["tokens_per_s"],
        "decode": decode["tokens_per_s"],
        "read": decode["weights_gb_s"],
        "bandwidth": run["read_bandwidth_gb_s"],
    }


def measure_llama(program, file, threads):
    """The same of llama-bench, without GB/s."""
    tests = run_json(
        program, "-m", file, "-p", PROMPT, "-n", TOKENS, "-r", 1, "-t", threads, "-o", "json"
    )
    return {
        "prefill" if test["n_prompt"] else "decode": test["avg_ts"] for test in tests
    }


def best_in_turns(runs):
    """Of functions by name that return numbers by name, the greatest of ROUNDS."""
    best = {name: {} for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            for key, value in run().items():
                best[name][key] = max(best[name].get(key, 0), value)
    return best
