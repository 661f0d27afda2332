#!/usr/bin/env bash
# cuda_agreement.sh MODEL TEXT SCRATCH TOLERANCE [CHECK-OPTION...]: compiles a model and runs its GPU
# kernels on the emulator: each kernel and the predictions over TEXT against the CPU's, logits and
# log-probabilities against the float64 values of reference.json, and the start of the greedy text.
set -euxo pipefail
model=$1 text=$2 scratch=$3 tolerance=$4
compare="$(dirname "$0")/compare.py"
prompt="Once upon a time, there was a little"
artifact=$scratch/model.qmod

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
qopt "$model" -o "$artifact"
qrun check "$artifact" --device cuda-emu --text "$text" "${@:5}"
qrun eval "$artifact" --device cuda-emu --prompt "$prompt" --logits logits.json
"$compare" logits logits.json "$model/reference.json" "$tolerance"
# Enough of the text for the window that the reference is of.
head -c 4000 "$text" >window.txt
qrun eval "$artifact" --device cuda-emu --ppl window.txt --convention gptq --ctx 512 \
  --logprobs logprobs.json
"$compare" logprobs logprobs.json "$model/reference.json" "$tolerance"
qrun generate "$artifact" --device cuda-emu --prompt "$prompt" -n 40 --temperature 0 --json \
  >generation.json
"$compare" greedy-start generation.json "$model/reference.json"
