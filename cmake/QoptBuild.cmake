# Settings and helpers that every target shares.

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
# All code includes from the repository root: "runtime/formats/Safetensors.h".
include_directories(${PROJECT_SOURCE_DIR})

if(QOPT_FUZZ)
  # Every object is instrumented, so that libFuzzer sees coverage in the parsers.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

if(QOPT_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  add_link_options(-static-libstdc++ -static-libgcc)
endif()

# qopt_runtime_library(name SOURCES ... [LIBS ...]): a static library of the LLVM-free side.
function(qopt_runtime_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LIBS})
endfunction()
