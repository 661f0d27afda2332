#!/usr/bin/env bash
# prepare.sh KIT: on the machine that has qopt (on the PATH) and a compiler, makes the folder that
# test/gpu/run.sh runs from where there is a GPU and nothing else. It has one file, kit.tar.gz:
#   qrun, libqopt_cuda_emu.so   linked statically but for glibc
#   models/*.qmod               the bundled models' artifacts
#   shapes/*.qmod               shapes of larger models, with weights that qrun makes up
# With the source tree beside it, it must be what a machine takes: 60 MiB.
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
mkdir -p "$1"
kit=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/models" "$work/shapes"

if [ -n "$tiny" ]; then
  qrun=$(command -v qrun)
  cp "$qrun" "$(dirname "$qrun")/../lib/libqopt_cuda_emu.so" "$work"
else
  cmake -S "$root" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DQOPT_STATIC=ON -DQOPT_COMPILER=OFF \
    -DQOPT_TESTS=OFF
  cmake --build "$work/build" --target qrun qopt_cuda_emu -j "$(nproc)"
  cp "$work/build/bin/qrun" "$work/build/lib/libqopt_cuda_emu.so" "$work"
  strip "$work/qrun" "$work/libqopt_cuda_emu.so"
fi

for model in $models; do
  qopt "$root/test/models/$model" -o "$work/models/$model.qmod"
done
for shape in $shapes; do
  qopt --random-params=1 "$here/shapes/$shape.json" -o "$work/shapes/$shape.qmod"
done
tar -C "$work" -czf "$kit/kit.tar.gz" qrun libqopt_cuda_emu.so models shapes

# Build folders and what git ignores stay behind; without git, whatever is there is the source.
tree=$(cd "$root" && { git ls-files -z 2>/dev/null || find . -type f -print0; } | xargs -0 cat | wc -c)
sum=$(((tree + $(wc -c <"$kit/kit.tar.gz")) / 1024))
echo "source and kit: $((sum / 1024)).$((sum % 1024 * 10 / 1024)) MiB"
[ $sum -lt $((60 * 1024)) ] || { echo "prepare.sh: a kit of more than 60 MiB with the source is too large to carry" >&2; exit 1; }
