#!/usr/bin/env bash
# kv_cache_ptx.sh MODEL TEXT ARTIFACT RULE MAX-KL MAX-LOGIT-ERROR: compiles a model with a compressed
# cache for CPUs and GPUs: each GPU kernel, on the emulator, and the predictions over TEXT by prefill
# and token by token, against the CPU's with the same format.
set -euxo pipefail
rm -rf "$3"
qopt "$1" --compress-kv="$4" -o "$3"
qrun check "$3" --device cuda-emu --text "$2" --text-tokens 384 --past 0,1,127,128,200 \
  --max-kl "$5" --max-logit-error "$6"
