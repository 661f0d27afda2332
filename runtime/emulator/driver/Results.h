//===- Results.h - CUresult codes in words ----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_DRIVER_RESULTS_H
#define QOPT_RUNTIME_EMULATOR_DRIVER_RESULTS_H

#include "runtime/device/cuda/CudaTypes.h"
#include "runtime/emulator/exec/Fault.h"

namespace qopt::emulator {

/// What an API function ends with when it cannot do its work. The message is what
/// cuGetErrorString adds to the text of the code.
class ApiError : public Error {
public:
  ApiError(CUresult result, const std::string &message) : Error(message), result(result) {}
  const CUresult result;
};

template <typename... Args>
[[noreturn]] void apiFail(CUresult result, fmt::format_string<Args...> format, Args &&...args) {
  throw ApiError(result, fmt::format(format, std::forward<Args>(args)...));
}

/// "CUDA_ERROR_INVALID_VALUE", or null for a number that is no code.
const char *resultName(CUresult result);
/// "invalid argument"; null likewise.
const char *resultText(CUresult result);
CUresult resultOf(FaultKind kind);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_DRIVER_RESULTS_H
