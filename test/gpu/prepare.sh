#!/usr/bin/env bash
# prepare.sh KIT: on the machine that has qopt (on the PATH) and a compiler, makes the folder that
# test/gpu/run.sh runs from where there is a GPU and nothing else:
#   KIT/qrun, KIT/libqopt_cuda_emu.so   linked statically but for glibc
#   KIT/models.tar.gz                   the bundled models' artifacts
#   KIT/shapes/*.qmod                   shapes of larger models, with weights that qrun makes up
# prepare.sh --tiny KIT: the same with the qrun on the PATH, one model and one tiny shape, for the
# test suite.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
models="tiny-llama tiny-qwen2 tiny-qwen3 tiny-gpt2"
shapes="Llama-3.2-1B Qwen2.5-3B Llama-3.1-8B"
tiny=
if [ "${1:-}" = --tiny ]; then
  tiny=1 models=tiny-qwen2 shapes=tiny
  shift
fi
[ $# -eq 1 ] || { echo "usage: prepare.sh [--tiny] KIT" >&2; exit 2; }
mkdir -p "$1/shapes"
kit=$(cd "$1" && pwd)

if [ -n "$tiny" ]; then
  qrun=$(command -v qrun)
  cp "$qrun" "$(dirname "$qrun")/../lib/libqopt_cuda_emu.so" "$kit"
else
  cmake -S "$root" -B "$kit/build" -DCMAKE_BUILD_TYPE=Release -DQOPT_STATIC=ON -DQOPT_COMPILER=OFF \
    -DQOPT_TESTS=OFF
  cmake --build "$kit/build" --target qrun qopt_cuda_emu -j "$(nproc)"
  cp "$kit/build/bin/qrun" "$kit/build/lib/libqopt_cuda_emu.so" "$kit"
  strip "$kit/qrun" "$kit/libqopt_cuda_emu.so"
  rm -r "$kit/build"
fi

mkdir -p "$kit/models"
for model in $models; do
  qopt "$root/test/models/$model" -o "$kit/models/$model.qmod"
done
tar -C "$kit" -czf "$kit/models.tar.gz" models
rm -r "$kit/models"
for shape in $shapes; do
  qopt --random-params=1 "$here/shapes/$shape.json" -o "$kit/shapes/$shape.qmod"
done
du -sh "$kit"
