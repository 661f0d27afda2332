#!/bin/bash
# The IR of a Hugging Face directory and of the GGUF file that make_gguf.py makes of it are the same, but for locations and
# where weights come from.
#   same_ir.sh MODEL DIRECTORY
set -e -o pipefail
name=$2/${1##*/}
without_sources() { sed -E 's/#llm.source<[^>]*>/STORED/; s/llm.checkpoint = "[^"]*"//'; }
"$(dirname "$0")/make_gguf.py" "$1" "$name.gguf"
qopt "$1" | without_sources > "$name.directory.mlir"
qopt "$name.gguf" | without_sources > "$name.gguf.mlir"
grep -q STORED "$name.gguf.mlir"
diff "$name.directory.mlir" "$name.gguf.mlir"
