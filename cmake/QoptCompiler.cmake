# MLIR and LLVM for the compiler side. The shared libMLIR and libLLVM keep links fast and tools small.
find_package(MLIR 22.1 REQUIRED CONFIG)
find_package(LLD REQUIRED CONFIG HINTS ${LLVM_DIR}/../lld)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
message(STATUS "MLIR ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")

# Headers that nearly every compiler source includes; precompiled once.
add_library(qopt_mlir_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_include_directories(qopt_mlir_pch SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_precompile_headers(qopt_mlir_pch PRIVATE
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/LLVMIR/LLVMDialect.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h>
  <mlir/IR/ImplicitLocOpBuilder.h>
  <mlir/IR/PatternMatch.h>
  <mlir/Pass/Pass.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h>)

# qopt_tablegen(target td-file generator-args... ): adds outputs name=flag pairs, e.g.
#   qopt_tablegen(LlmOpsGen LlmOps.td LlmOps.h.inc=-gen-op-decls LlmOps.cpp.inc=-gen-op-defs)
# Generated files land in the binary tree under the same folder, included as "dialects/llm/LlmOps.h.inc".
function(qopt_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(outputs)
  foreach(pair ${ARGN})
    string(REGEX MATCH "^([^=]+)=(.*)$" _ "${pair}")
    set(out ${CMAKE_MATCH_1})
    string(REPLACE " " ";" flags "${CMAKE_MATCH_2}")
    mlir_tablegen(${out} ${flags} EXTRA_INCLUDES ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endforeach()
  add_public_tablegen_target(${target})
endfunction()

# qopt_compiler_library(name SOURCES ... [LIBS ...] [DEPENDS tablegen targets...])
function(qopt_compiler_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_include_directories(${name} PUBLIC ${CMAKE_BINARY_DIR})
  target_precompile_headers(${name} REUSE_FROM qopt_mlir_pch)
  target_link_libraries(${name} PUBLIC ${ARG_LIBS} MLIR LLVM)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()
