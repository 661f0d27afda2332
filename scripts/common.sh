# Sourced by the scripts beside it.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Objects are cached outside the tree, so that a fresh clone builds quickly, too.
export CCACHE_DIR="${CCACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ccache}"
# Without these ccache refuses every source that uses the precompiled header.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
