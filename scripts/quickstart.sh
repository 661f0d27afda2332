#!/usr/bin/env bash
# From a fresh Debian 12 machine to text and a perplexity: installs what is needed, builds, compiles
# a bundled model, lets it write and measures it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/setup.sh
mkdir -p build
cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build --preset release --target qopt qrun

run() {
  printf '\n$'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}
PATH="$PWD/build/release/bin:$PATH"
model=build/tiny-llama.qmod
run qopt test/models/tiny-llama -o "$model"
run qrun generate "$model" --prompt "Once upon a time" -n 100 --temperature 0
run qrun eval "$model" --ppl test/models/heldout.txt --convention llama.cpp --ctx 512
