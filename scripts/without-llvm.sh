#!/usr/bin/env bash
# without-llvm.sh COMMAND...: runs a command on this machine as if LLVM were not installed: in a mount
# namespace of its own, in which no header, library or program of LLVM, MLIR or clang is left.
# Exits with 77 where such namespaces are not allowed.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(--map-root-user)
  unshare "${as_root[@]}" --mount true 2>/dev/null || exit 77
  exec unshare "${as_root[@]}" --mount "$0" --inside "$@"
fi
shift

shopt -s nullglob
empty=$(mktemp -d)
for directory in /usr/lib/llvm-* /usr/include/llvm-* /usr/share/llvm-*; do
  mount --bind "$empty" "$directory"
done
for file in /usr/lib/*/lib{LLVM,MLIR,clang,lld}*; do
  [ -L "$file" ] || mount --bind /dev/null "$file"
done
rmdir "$empty"
if echo '#include <llvm/Config/llvm-config.h>' | g++ -E -x c++ - >/dev/null 2>&1; then
  echo "error: LLVM's headers are still reachable" >&2
  exit 1
fi
exec "$@"
