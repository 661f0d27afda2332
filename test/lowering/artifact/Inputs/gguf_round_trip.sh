#!/bin/bash
# The IR of a Hugging Face directory and of the GGUF file that qopt writes of it are the same, but for locations, where
# weights come from and the type of vectors.
#   gguf_round_trip.sh MODEL DIRECTORY
set -e -o pipefail
name=$2/${1##*/}
without_sources() { sed -E 's/#llm.source<[^>]*>/STORED/; s/llm.checkpoint = "[^"]*"//'; }
qopt "$1" -o "$name.gguf"
qopt "$1" | without_sources | sed -E 's/tensor<([0-9]+)xbf16>/tensor<\1xf32>/g' > "$name.directory.mlir"
qopt "$name.gguf" | without_sources > "$name.gguf.mlir"
grep -q STORED "$name.gguf.mlir"
diff "$name.directory.mlir" "$name.gguf.mlir"
