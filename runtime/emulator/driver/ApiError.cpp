//===- ApiError.cpp - what went wrong, and entry points -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"
#include <dlfcn.h>

using namespace qopt;
using namespace qopt::emulator;

QOPT_CUDA_API cuGetErrorName(CUresult result, const char **name) {
  if (!name)
    return CUDA_ERROR_INVALID_VALUE;
  *name = resultName(result);
  return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/// The driver's text and, for the last error of this thread, what happened: for a fault the kernel,
/// the thread, the line of the PTX and the instruction.
QOPT_CUDA_API cuGetErrorString(CUresult result, const char **text) {
  if (!text)
    return CUDA_ERROR_INVALID_VALUE;
  *text = resultText(result);
  if (!*text)
    return CUDA_ERROR_INVALID_VALUE;
  if (result == Driver::lastResult && result != CUDA_SUCCESS) {
    std::string &full = Driver::texts[result];
    full = fmt::format("{}: {}", *text, Driver::lastMessage);
    *text = full.c_str();
  }
  return CUDA_SUCCESS;
}

/// Finds functions by the names that cuda.h gives them, the newest version first.
QOPT_CUDA_API cuGetProcAddress_v2(const char *name, void **function, int, uint64_t, int *status) {
  if (!name || !function)
    return CUDA_ERROR_INVALID_VALUE;
  Dl_info self;
  void *library = nullptr;
  if (dladdr(reinterpret_cast<void *>(&cuGetProcAddress_v2), &self) != 0)
    library = dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  *function = nullptr;
  for (const char *suffix : {"_v2", "WithFlags", ""})
    if (library && !*function)
      *function = dlsym(library, (std::string(name) + suffix).c_str());
  if (library)
    dlclose(library);
  if (status)
    *status = *function ? 0 : 1;
  return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
