//===- WeightLayout.h - weights as PTX kernels take them --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_WEIGHTLAYOUT_H
#define QOPT_RUNTIME_DEVICE_CUDA_WEIGHTLAYOUT_H

#include "runtime/artifact/Artifact.h"

namespace qopt {

/// How a weight of an artifact becomes what the PTX kernel ABI says (docs/architecture.md): a
/// matrix or vector in f32, f16 or bf16, plain or in panels (llm.pack), becomes rows of bf16, or an
/// f32 vector, each padded with zeros to a multiple of 32 elements; codes become rows of bytes,
/// padded likewise; scales become f32 rows without padding; with `Stored`, its bytes.
class WeightLayout {
public:
  /// Throws an Error, which begins with `where`, if the argument does not fit the weight.
  WeightLayout(const WeightView &weight, const WeightArgument &argument, const std::string &where);

  /// Rows can be written apart. Those of a vector are its elements, those of bytes, bytes.
  int64_t rows() const { return paddedRows; }
  uint64_t rowBytes() const { return bytesPerRow; }
  uint64_t bytes() const { return uint64_t(paddedRows) * bytesPerRow; }

  /// Writes rows [begin, begin + out.size() / rowBytes()).
  void write(int64_t begin, std::span<std::byte> out) const;

private:
  /// Rows whose first elements are evenly apart in the weight; steps are in bytes.
  struct Block {
    const std::byte *data;
    size_t rowStep, columnStep;
    int64_t rows;
  };
  void setShape(const WeightArgument &argument, const std::string &where);
  Block blockAt(int64_t row) const;
  void convert(const Block &block, std::byte *out) const;

  WeightView weight;
  WeightForm form;
  bool isPacked = false;
  int64_t numRows = 0, columns = 1; ///< A vector has one column.
  int64_t rowsOfWay = 0;            ///< In panels: rows of each of the ways,
  int64_t rowsOfPanel = 0;          ///< and how many of them a panel has.
  int64_t paddedRows = 0;
  uint64_t bytesPerRow = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_WEIGHTLAYOUT_H
