//===- DriverWithoutGpu.cpp - a CUDA driver on a machine with no GPU -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDriver.h"

// Every function under its exported name; all that is ever called is cuInit and what describes its
// result.
#define QOPT_DEFINE(member, symbol, ...)                                                           \
  extern "C"                                                                                       \
      __attribute__((visibility("default"))) CUresult member##WithoutGpu(__VA_ARGS__) asm(symbol); \
  CUresult member##WithoutGpu(__VA_ARGS__) { return CUDA_ERROR_NO_DEVICE; }
QOPT_CUDA_FUNCTIONS(QOPT_DEFINE)
