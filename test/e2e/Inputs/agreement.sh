#!/usr/bin/env bash
# agreement.sh MODEL TEXT SCRATCH: compiles a model and compares everything that its reference.json
# records (perplexities of TEXT), with each kind of CPU kernels that this machine can run.
set -euxo pipefail
model=$1 text=$2 scratch=$3
compare="$(dirname "$0")/compare.py"
prompt="Once upon a time, there was a little"
artifact=$scratch/model.qmod

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
qopt "$model" -o "$artifact"
for kernels in "" "--cpu-level avx2"; do
  qrun generate "$artifact" $kernels --prompt "$prompt" -n 100 --temperature 0 --json >generation.json
  "$compare" generation generation.json "$model/reference.json"
  qrun eval "$artifact" $kernels --prompt "$prompt" --logits logits.json
  "$compare" logits logits.json "$model/reference.json"
  for ctx in 128 512; do
    qrun eval "$artifact" $kernels --ppl "$text" --convention gptq,llama.cpp --ctx $ctx --json \
      --logprobs logprobs-$ctx.json >perplexity-$ctx.json
    "$compare" perplexity perplexity-$ctx.json "$model/reference.json"
  done
  "$compare" logprobs logprobs-512.json "$model/reference.json"
done
