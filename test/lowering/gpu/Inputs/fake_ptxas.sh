#!/bin/sh
# Stands in for ptxas: `ptxas -arch=CHIP -o OUTPUT INPUT` writes what it was told behind the first bytes of a cubin. Where
# $PTXAS_SAYS is set, it refuses with these words, in which INPUT stands for the file.
if [ -n "$PTXAS_SAYS" ]; then
  printf '%s\nptxas fatal   : Ptx assembly aborted due to errors\n' "$PTXAS_SAYS" | sed "s|INPUT|$4|"
  exit 255
fi
{ printf '\177ELF\n%s\n' "$1"; grep -c . "$4"; } > "$3"
