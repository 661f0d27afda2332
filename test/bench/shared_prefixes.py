"""What sharing prefixes gains on 5-shot MMLU, against one unshared forward a question.

    python shared_prefixes.py BIN_DIR MMLU_DIR TOKENIZER_DIR [--samples 20] [--pairs 3]

BIN_DIR has qopt and qrun, MMLU_DIR the CSV files, TOKENIZER_DIR a tokenizer of at most 49152 tokens. Random
weights of SmolLM-135M's shape; both ways in turns, so that other load falls on both. The gain in time is to
be at least 75 % of the gain in tokens.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("mmlu_dir")
    parser.add_argument("tokenizer_dir", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        shape = pathlib.Path(__file__).parent / "shapes" / "SmolLM-135M.json"
        artifact = pathlib.Path(folder) / "shape.qmod"
        subprocess.run([arguments.bin_dir / "qopt", "--random-params=1", shape, "-o", artifact], check=True)
        for file in arguments.tokenizer_dir.iterdir():
            if file.name.startswith(("tokenizer", "vocab", "merges")):
                shutil.copy(file, artifact)

        def run(*options):
            command = [arguments.bin_dir / "qrun", "eval", artifact, "--task", "mmlu", "--data", arguments.mmlu_dir]
            command += ["--shots", "5", "--samples", str(arguments.samples), "--json", *options]
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]

        gains = []
        for _ in range(arguments.pairs):
            shared, alone = run(), run("--no-sharing")
            assert shared["metrics"] == alone["metrics"], "sharing changes nothing"
            tokens = alone["tokens"] / shared["tokens"]
            gains.append(alone["seconds"] / shared["seconds"] / tokens)
            print(
                f"{arguments.samples / alone['seconds']:.2f} -> {arguments.samples / shared['seconds']:.2f} questions/s: "
                f"{alone['seconds'] / shared['seconds']:.2f} times, with {tokens:.2f} times fewer tokens "
                f"({alone['tokens']} -> {shared['tokens']}): {100 * gains[-1]:.0f} %",
                flush=True,
            )
        print(f"median: {100 * statistics.median(gains):.0f} % of the ratio of tokens (75 % are asked for)")


if __name__ == "__main__":
    main()
