//===- CodeStream.h - codes as a stream of bits -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CODESTREAM_H
#define QOPT_LOWERING_CPU_CODESTREAM_H

#include "lowering/cpu/CodeBuilder.h"

namespace qopt::cpu {

// Codes of 1 to 8 bits that share bytes follow each other in a stream of bits: code i of b bits
// begins at bit `b i`, the lowest bits of a byte first, and ends in the next byte where it does not
// fit. Two codes of 4 bits end with a byte, four of 6 bits with three, eight of 3, 5 or 7 with as
// many bytes as they have bits. Everything here works on all bytes of a vector, or of an integer,
// at once: each is the same byte of a stream of its own.

/// Where a code of `bits` bits lies in its stream.
struct CodePlace {
  int64_t byte, shift, bits;

  static CodePlace of(int64_t index, int64_t bits) {
    return {index * bits / 8, index * bits % 8, bits};
  }
  /// Whether it ends in the next byte.
  bool isSplit() const { return shift + bits > 8; }
  /// Bits that are in the first byte.
  int64_t lowBits() const { return isSplit() ? 8 - shift : bits; }
};

/// Codes that end with a byte, and how many bytes those are.
int64_t codesTogether(int64_t bits);
int64_t bytesTogether(int64_t bits);

/// The code at a place, from vectors of the byte there and of the next one, which is null where no
/// code is split. Of several places, all of one width, each is that of as large a part of the
/// vector.
mlir::Value extractCode(CodeBuilder &b, llvm::ArrayRef<CodePlace> places, mlir::Value low,
                        mlir::Value high);

/// The bytes of a stream of codes, which are the lowest bits of the bytes of an integer, or of a
/// vector: as many as end with a byte.
CodeBuilder::Values packCodes(CodeBuilder &b, int64_t bits, llvm::ArrayRef<mlir::Value> codes);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CODESTREAM_H
