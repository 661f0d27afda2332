#!/usr/bin/env bash
# Installs what building and testing needs, on Debian 12. Where all of it is installed, does nothing.
# Run as root, or as a user who may sudo.
set -euo pipefail

packages=(
  # Build
  cmake ninja-build ccache g++ git
  clang-22 lld-22 libclang-rt-22-dev
  llvm-22-dev libmlir-22-dev mlir-22-tools liblld-22-dev zlib1g-dev libzstd-dev
  # Libraries
  libcli11-dev libfmt-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev pkg-config
  # Tests
  libgtest-dev llvm-22-tools clang-format-22 clang-tidy-22 python3
)

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null ||
    { echo "error: these packages need root to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y "$@" </dev/null
}

# Debian 12 has LLVM 22 among its security updates; where those are switched off, LLVM's own
# repository has the same packages (https://apt.llvm.org).
add_llvm_repository() {
  apt_get install --no-install-recommends ca-certificates curl
  curl -fsSL https://apt.llvm.org/llvm-snapshot.gpg.key |
    "${as_root[@]}" tee /etc/apt/trusted.gpg.d/apt.llvm.org.asc >/dev/null
  echo 'deb http://apt.llvm.org/bookworm/ llvm-toolchain-bookworm-22 main' |
    "${as_root[@]}" tee /etc/apt/sources.list.d/llvm-22.list >/dev/null
  apt_get update
}

echo "installing ${missing[*]}"
apt_get update
[ -n "$(apt-cache show llvm-22-dev libmlir-22-dev 2>/dev/null)" ] || add_llvm_repository
apt_get install --no-install-recommends "${missing[@]}"
