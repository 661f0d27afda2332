# cmake -DFILES=a.json;b.json -DOUTPUT=X.cpp -DHEADER=... -DTYPE=BuiltinTask -DFUNCTION=builtinTasks -P EmbedFiles.cmake:
# a table of files by name and contents, and the function that gives it.
set(entries "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} contents)
  string(APPEND entries "    {\"${name}\", R\"~~~(${contents})~~~\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Written by EmbedFiles.cmake.
#include \"${HEADER}\"

static constexpr qopt::${TYPE} table[] = {
${entries}};

std::span<const qopt::${TYPE}> qopt::${FUNCTION}() { return table; }
")
