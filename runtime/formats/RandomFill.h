//===- RandomFill.h - reproducible random weights ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_RANDOMFILL_H
#define QOPT_RUNTIME_FORMATS_RANDOMFILL_H

#include "runtime/formats/DType.h"
#include <span>
#include <string_view>

namespace qopt {

/// The key of a tensor's random stream: splitmix64(splitmix64(seed) ^ FNV-1a(name)).
uint64_t randomTensorKey(uint64_t seed, std::string_view tensorName);

/// Fills `elements` with those that the tensor has from element `firstElement` on: uniform in
/// (-sqrt(3) sigma, sqrt(3) sigma), of standard deviation `sigma`. Each element depends only on the
/// key and its own index, so ranges can be filled in any order, by any thread or device:
///
///   word  = splitmix64(key + 0x9e3779b97f4a7c15 * (index / 4 + 1))
///   lane  = (word >> 16 * (index % 4)) & 0xffff
///   value = float(2 * lane - 65535) * float(sqrt(3) * sigma / 65536), rounded to the type
///
/// where splitmix64 is the finalizer of that generator. `dtype` is F32, F16 or BF16; any other is a
/// bug of the caller. `elements` need not be aligned.
void randomFill(uint64_t key, uint64_t firstElement, float sigma, DType dtype,
                std::span<std::byte> elements);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_RANDOMFILL_H
