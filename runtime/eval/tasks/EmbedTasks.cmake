# cmake -DDESCRIPTIONS=a.json;b.json -DOUTPUT=BuiltinTasks.cpp -P EmbedTasks.cmake: task descriptions as a table.
set(entries "")
foreach(file ${DESCRIPTIONS})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} json)
  string(APPEND entries "    {\"${name}\", R\"~~~(${json})~~~\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Written by EmbedTasks.cmake.
#include \"runtime/eval/tasks/BuiltinTasks.h\"

static constexpr qopt::BuiltinTask table[] = {
${entries}};

std::span<const qopt::BuiltinTask> qopt::builtinTasks() { return table; }
")
