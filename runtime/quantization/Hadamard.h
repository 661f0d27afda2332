//===- Hadamard.h - rotation of heads ---------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_HADAMARD_H
#define QOPT_RUNTIME_QUANTIZATION_HADAMARD_H

#include <cstdint>
#include <span>
#include <vector>

namespace qopt {

/// The seed where none is asked for.
inline constexpr uint32_t kHadamardSeed = 1;

/// `size` signs, +1 or -1: the lowest bits of splitmix64 (Steele et al. 2014) over the seed.
std::vector<float> hadamardSigns(uint32_t seed, int64_t size);

/// `H diag(signs) x / sqrt(n)` with H the Walsh-Hadamard matrix of size n, a power of two; an
/// orthogonal map, so that scores of rotated queries and keys are those of the original ones.
void rotate(std::span<float> x, std::span<const float> signs);
/// Its inverse, `diag(signs) H x / sqrt(n)`.
void rotateBack(std::span<float> x, std::span<const float> signs);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_HADAMARD_H
