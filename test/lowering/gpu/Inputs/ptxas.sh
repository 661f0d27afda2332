# Assembles PTX files for each generation of chips that we support and prints what ptxas reports.
for file in "$@"; do
  for chip in sm_80 sm_89 sm_90 sm_100; do
    echo "$(basename "$file") $chip"
    ptxas -v -arch=$chip "$file" -o /dev/null 2>&1 || exit 1
  done
done
