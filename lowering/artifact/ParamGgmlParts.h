//===- ParamGgmlParts.h - parameters made of ggml's blocks ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PARAMGGMLPARTS_H
#define QOPT_LOWERING_ARTIFACT_PARAMGGMLPARTS_H

#include "lowering/artifact/ParamQuantization.h"
#include "runtime/formats/GgmlType.h"

namespace qopt {

/// A matrix as blocks of a ggml type, wherever they come from.
class GgmlBlockSource {
public:
  GgmlBlockSource(GgmlType type, int64_t rows, int64_t columns)
      : numRows(rows), numColumns(columns), traits(ggmlTraits(type)) {}
  virtual ~GgmlBlockSource() = default;

  /// Computes the parts of the blocks of a row that are columns [column, column + count), whole
  /// blocks. Thread-safe. Throws Error.
  virtual void read(int64_t row, int64_t column, int64_t count, const BlockParts &parts) const = 0;
  virtual void collectSources(std::vector<MappedBytes> &sources) const = 0;

  const GgmlTraits &type() const { return traits; }
  int64_t rows() const { return numRows; }
  int64_t columns() const { return numColumns; }

private:
  int64_t numRows, numColumns;
  const GgmlTraits &traits;
};

using GgmlBlockSourcePtr = std::shared_ptr<const GgmlBlockSource>;

/// Blocks that values are quantized to (runtime/quantization/GgmlQuantizer.h). A value that is not
/// finite is an Error that names the tensor. Rows that are read as a whole are kept until they have
/// been read `times` times: the search for their scales takes long.
GgmlBlockSourcePtr quantizeToGgml(ParamExpressionPtr values, GgmlType type, std::string name,
                                  int times);

/// Blocks of a matrix that is given as codes, scales and zeros.
GgmlBlockSourcePtr blocksOf(const QuantizedParams &parts, GgmlType type);

/// How many parts there are to read of a row: codes, scales and perhaps zeros.
int partsOf(GgmlType type);

/// Codes, a byte each; scales and zeros, one f32 a group; zeros where the type has them.
QuantizedParams makeGgmlParts(const GgmlBlockSourcePtr &blocks);

/// The blocks as GGUF files have them: bytes [rows, bytes of a row], to be read in whole rows.
ParamExpressionPtr makeGgmlBlocks(const GgmlBlockSourcePtr &blocks);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PARAMGGMLPARTS_H
