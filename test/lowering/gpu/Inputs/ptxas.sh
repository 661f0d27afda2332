# Assembles PTX files for each generation of chips that we support, or for $CHIPS, and prints what ptxas reports.
for file in "$@"; do
  for chip in ${CHIPS:-sm_80 sm_89 sm_90 sm_100}; do
    echo "$(basename "$file") $chip"
    ptxas -v -arch=$chip "$file" -o /dev/null 2>&1 || exit 1
  done
done
