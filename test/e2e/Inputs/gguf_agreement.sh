#!/bin/bash
# Compares the GGUF files of one model with what llama.cpp printed for them: perplexity within 0.2 %, mean KL divergence
# from the original weights within 10 % + 2e-6, with activations quantized per block as ggml does (32, K types 256).
#   gguf_agreement.sh MODEL SHARED TEXT DIRECTORY
set -e
model=$1 shared=$2 text=$3 directory=$4
rm -rf "$directory" && mkdir -p "$directory"
qopt "$shared/models/$model" --default-pipeline="targets=cpu" -o "$directory/base.qmod"
for file in "$shared/models/ggml/$model"-*.gguf; do
  type=${file##*/"$model"-}
  type=${type%.gguf}
  block=32
  [[ $type == *_K* ]] && block=256
  activations=(--quantize-activations="type=int8 dynamic=group:$block preset=ggml")
  [[ $type == F16 ]] && activations=()
  rm -rf "$directory/model.qmod"
  qopt "$file" "${activations[@]}" --default-pipeline="targets=cpu" -o "$directory/model.qmod"
  qrun compare "$directory/base.qmod" "$directory/model.qmod" --no-speed --text "$text" --json > "$directory/$type.json"
  "$(dirname "$0")/gguf_agreement.py" "$directory/$type.json" "$shared/models/ggml/results.json" "$model" "$type"
done
