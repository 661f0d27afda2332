//===- CalibrationText.h - as much of a text as is needed -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_CALIBRATIONTEXT_H
#define QOPT_RUNTIME_CALIBRATION_CALIBRATIONTEXT_H

#include <cstdint>
#include <string>
#include <vector>

namespace qopt {

class Tokenizer;

/// The first `count` tokens of a file, or all if it has fewer, BOS first if the tokenizer adds it.
/// The file is encoded piece by piece, so that a large one costs no more memory than a small one.
/// Throws an Error if it cannot be read.
std::vector<int32_t> encodeBeginning(const std::string &path, const Tokenizer &tokenizer,
                                     int64_t count);

/// Disjoint windows of `ctx` tokens, the last of what is left. Where the tokenizer adds BOS, it
/// takes the place of each window's first token: the windows of llama.cpp's perplexity.
std::vector<std::vector<int32_t>> cutWindows(const std::vector<int32_t> &tokens,
                                             const Tokenizer &tokenizer, int64_t ctx);

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_CALIBRATIONTEXT_H
