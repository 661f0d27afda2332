#!/usr/bin/env bash
# Installs what is needed, builds everything and runs every test. The last line is
# "N passed, N failed, N skipped"; the exit status is 0 only if something passed and nothing failed.
#   --fuzz   lets each fuzz target search for a minute, rather than only run over its seeds
#   --tidy   runs clang-tidy over the whole tree, which takes long
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

fuzz_options=(-runs=0)
with_tidy=false
for argument in "$@"; do
  case $argument in
    --fuzz) fuzz_options=(-max_total_time=60) ;;
    --tidy) with_tidy=true ;;
    *) echo "error: unknown argument '$argument'; there are --fuzz and --tidy" >&2; exit 2 ;;
  esac
done

passed=0 failed=0 skipped=0
logs=build/logs
mkdir -p "$logs"

# check NAME COMMAND...: one test of this script's own. Exit status 77 means skipped.
check() {
  local name=$1 log="$logs/$1.log" status=0
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  case $status in
    0) passed=$((passed + 1)); echo "PASS: $name" ;;
    77) skipped=$((skipped + 1)); echo "SKIPPED: $name: $(tail -n 1 "$log")" ;;
    *) failed=$((failed + 1)); echo "FAIL: $name (exit status $status, $log)"; tail -n 40 "$log" ;;
  esac
}

# run_lit BUILD_DIRECTORY: every lit test of that build, counted from lit's own report.
run_lit() {
  local report="$logs/lit-$(basename "$1").json" counts
  rm -f "$report"
  /usr/lib/llvm-22/bin/lit -sv --output "$report" "$1/test" </dev/null || true
  if ! counts=$(python3 scripts/count-lit-results.py "$report"); then
    failed=$((failed + 1))
    return
  fi
  read -r lit_passed lit_failed lit_skipped <<<"$counts"
  [ "$lit_passed" -gt 0 ] || failed=$((failed + 1))
  passed=$((passed + lit_passed)) failed=$((failed + lit_failed)) skipped=$((skipped + lit_skipped))
}

build() {
  cmake --preset "$@" && cmake --build --preset "$1"
}

sources() {
  find dialects lowering passes runtime test tools -name '*.h' -o -name '*.cpp'
}

check_format() {
  sources | xargs clang-format-22 --dry-run -Werror
}

# The runtime and its tools, by g++, on a machine that has no LLVM.
build_without_llvm() {
  scripts/without-llvm.sh env CC=gcc CXX=g++ cmake -G Ninja -S . -B build/no-llvm \
    -DCMAKE_BUILD_TYPE=Release -DQOPT_COMPILER=OFF \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
    scripts/without-llvm.sh cmake --build build/no-llvm &&
    scripts/without-llvm.sh build/no-llvm/bin/qrun --version
}

# Neither what the build read nor what it linked with is LLVM's.
check_llvm_free() {
  ninja -C build/no-llvm -t deps >"$logs/no-llvm-dependencies.txt"
  grep -q runtime/formats/Error.h "$logs/no-llvm-dependencies.txt" || return 1
  ! grep -iE '/(llvm|mlir|clang)' "$logs/no-llvm-dependencies.txt" &&
    ! readelf -d build/no-llvm/bin/qrun | grep -iE 'NEEDED.*(llvm|mlir|clang)'
}

check_no_warnings() {
  ! grep -h 'warning:' "$logs"/build-*.log
}

run_fuzzers() {
  local target
  for target in build/fuzz/test/fuzz/fuzz_*; do
    mkdir -p "build/fuzz/corpus/$(basename "$target")"
    "$target" "${fuzz_options[@]}" -rss_limit_mb=4096 -artifact_prefix=build/fuzz/ \
      "build/fuzz/corpus/$(basename "$target")" "test/fuzz/corpus/$(basename "$target")" || return 1
  done
}

run_tidy() {
  sources | grep '\.cpp$' | xargs run-clang-tidy-22 -quiet -p build/release
}

scripts/setup.sh
check build-release build release
check format check_format
check build-without-llvm build_without_llvm
check llvm-free check_llvm_free
check build-sanitized build fuzz -DQOPT_TESTS=ON
check fuzz run_fuzzers
$with_tidy && check tidy run_tidy
check no-warnings check_no_warnings

echo "== Unit tests of the runtime, under address and undefined-behaviour sanitizers"
run_lit build/fuzz
echo "== All tests"
run_lit build/release

echo "$passed passed, $failed failed, $skipped skipped"
[ "$passed" -gt 0 ] && [ "$failed" = 0 ]
