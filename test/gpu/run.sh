#!/usr/bin/env bash
# run.sh [--device cuda|cuda-emu] [--tiny] [--kit DIR] [--out FILE]: on a machine with an NVIDIA
# driver, checks the kernels of the kit that prepare.sh made (default: the folder kit beside this
# script) and measures them, within 8 minutes. Prints tables, writes one JSON file (default:
# gpu-results.json), and says which numbers are missing and why. Exits with 1 if a check fails.
# --device cuda-emu with a kit of `prepare.sh --tiny` walks the same path without a GPU; --tiny
# makes its measurements short.
set -uo pipefail
shopt -s nullglob
here=$(cd "$(dirname "$0")" && pwd)
device=cuda kit=$here/kit out=gpu-results.json tiny=
while [ $# -gt 0 ]; do
  case $1 in
  --device) device=$2; shift 2 ;;
  --kit) kit=$2; shift 2 ;;
  --out) out=$2; shift 2 ;;
  --tiny) tiny=1; shift ;;
  *) echo "run.sh: unknown option $1" >&2; exit 2 ;;
  esac
done
[ -f "$kit/kit.tar.gz" ] || { echo "run.sh: no kit in $kit; prepare.sh makes one" >&2; exit 2; }
case $out in /*) ;; *) out=$PWD/$out ;; esac
budget=470 # Seconds for everything.
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

batches=1,2,4,8,16 depths=128,2048,8192 tokens=32 repetitions=3 prompts="512 2048" kernel_depth=2048
if [ -n "$tiny" ]; then
  batches=1,2 depths=0,129 tokens=2 repetitions=1 prompts="16 33" kernel_depth=129
fi

# One JSON value in one line, as a string.
quote() { printf '%s' "$1" | tr '\n\t' '  ' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&"/'; }
# missing WHAT WHY: for the list at the end.
missing() {
  printf '{"what": %s, "why": %s}\n' "$(quote "$1")" "$(quote "$2")" >>"$work/missing"
  printf 'missing: %s: %s\n' "$1" "$2"
}
# measure LIST WHAT COMMAND...: appends the JSON that the command makes to a list: of `speeds`, beside
# a table for the reader. What it cannot do in the time that is left is missing. Returns the
# command's status.
measure() {
  local list=$1 what=$2 left=$((budget - SECONDS)) status=0
  shift 2
  if [ $left -lt 5 ]; then
    missing "$what" "no time was left"
    return 124
  fi
  rm -f "$work/one"
  if [ "$list" = speeds ]; then
    timeout $left "$@" --json-file "$work/one" 2>"$work/errors" || status=$?
  else
    timeout $left "$@" >"$work/one" 2>"$work/errors" || status=$?
  fi
  if [ -s "$work/one" ] && [ $status -le 1 ]; then
    [ -s "$work/$list" ] && echo , >>"$work/$list"
    cat "$work/one" >>"$work/$list"
  else
    [ $status -eq 124 ] && missing "$what" "it took longer than the $left s that were left" ||
      missing "$what" "$(tail -n 1 "$work/errors")"
  fi
  return $status
}

tar -C "$work" -xzf "$kit/kit.tar.gz" || exit 2
head -c 4000 "$here/../models/heldout.txt" >"$work/text"
cd "$work" || exit 2 # Short names in what is printed.
qrun=./qrun
for artifact in models/*.qmod; do
  name=$(basename "$artifact" .qmod)
  echo "== check $name"
  if measure checks "check of $name" "$qrun" check "$artifact" --device "$device" --json \
    --text text; then
    echo "all kernels and the model agree with the CPU's"
  else
    failed=1
    grep -q '"agrees": false' "$work/one" && echo "DISAGREES: see $out"
  fi
done
echo "== speed: ppN is prefill of N tokens, tgN are N decode steps, @ dN after N tokens, x N sequences"
for artifact in shapes/*.qmod; do
  name=$(basename "$artifact" .qmod)
  echo "== $name"
  for prompt in $prompts; do
    measure speeds "pp$prompt of $name" "$qrun" bench "$artifact" --device "$device" \
      -r $repetitions -p "$prompt" -n 0 --chunk "$prompt"
  done
  measure speeds "decoding of $name" "$qrun" bench "$artifact" --device "$device" \
    -r $repetitions -p 0 -n $tokens -b $batches -d $depths
  measure speeds "kernels of $name" "$qrun" bench "$artifact" --device "$device" -r 1 \
    -p "${prompts%% *}" -n 0 -d $kernel_depth --kernels
done

python=$(command -v python3 || true)
if [ "$device" != cuda ]; then
  missing "transformers" "it has no emulator to run on"
elif [ -z "$python" ]; then
  missing "transformers" "there is no Python"
elif ! "$python" -c 'import torch, transformers' 2>"$work/errors"; then
  missing "transformers" "$(tail -n 1 "$work/errors")"
else
  for artifact in shapes/*.qmod; do
    name=$(basename "$artifact" .qmod)
    echo "== $name with transformers"
    measure transformers "transformers on $name" "$python" "$here/transformers_speed.py" \
      "$here/shapes/$name.json" ${tiny:+--tiny}
  done
fi
missing "share of the ceiling of tensor cores" "no program measures that ceiling here"

for list in checks speeds transformers missing; do touch "$work/$list"; done
{
  echo '{'
  echo "\"machine\": $(quote "$(uname -nm)"),"
  echo "\"date\": $(quote "$(date -u +%FT%TZ)"),"
  echo "\"device\": $(quote "$device"),"
  echo "\"seconds\": $SECONDS,"
  for list in checks transformers; do
    printf '"%s": [\n' $list
    cat "$work/$list"
    echo '],'
  done
  # Each is a list of one artifact.
  echo '"speeds": [' && cat "$work/speeds" && echo '],'
  echo '"missing": [' && sed '$!s/$/,/' "$work/missing" && echo ']'
  echo '}'
} >"$out.part" && mv "$out.part" "$out"
echo "wrote $out after $SECONDS s"
exit $failed
