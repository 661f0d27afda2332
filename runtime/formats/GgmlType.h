//===- GgmlType.h - element types of GGUF tensors ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGMLTYPE_H
#define QOPT_RUNTIME_FORMATS_GGMLTYPE_H

#include "runtime/formats/DType.h"
#include <span>
#include <string>

namespace qopt {

/// The types that a GGUF tensor can have here, with ggml's numbers.
enum class GgmlType : uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  IQ4_NL = 20,
  BF16 = 30,
  MXFP4 = 39,
};

/// What a block type stores, taken apart: small integers, and one f32 scale, and for some types one
/// f32 zero, for each group of consecutive elements. An element is `scale * code` or `scale * code
/// + zero`, each operation rounded to f32; this is ggml's own arithmetic for all of its types here.
struct BlockParts {
  std::span<int8_t> codes; ///< One an element.
  std::span<float> scales; ///< One a group.
  std::span<float> zeros;  ///< One a group, or empty.
};

/// An entry of the table of types: everything that readers and writers need to know of one.
struct GgmlTraits {
  GgmlType type;
  std::string_view name; ///< ggml's: "Q4_K".
  uint32_t fileType; ///< llama.cpp's number for a file mostly of this type (of Q4_K and Q5_K, "S").
  uint32_t blockElements; ///< Elements of a row that are stored together.
  uint32_t blockBytes;
  uint32_t groupElements; ///< Elements that share a scale; 0 for plain floats.
  bool hasZeros;
  int8_t minCode, maxCode; ///< The range of codes; 0 for plain floats.
  /// Takes one block apart; null for plain floats.
  void (*unpack)(const std::byte *block, const BlockParts &parts);
  /// Puts one block together; null for plain floats. Throws Error (GgmlBlocks.h).
  void (*pack)(const BlockParts &parts, std::byte *block);
  /// What plain floats are; empty for blocks.
  std::optional<DType> dtype;

  uint32_t groupsOfBlock() const { return blockElements / groupElements; }
  bool isBlocks() const { return unpack != nullptr; }
};

const GgmlTraits &ggmlTraits(GgmlType type);

/// The parts of one of several consecutive blocks.
BlockParts partsOfBlock(const GgmlTraits &traits, const BlockParts &all, size_t index);

/// All types, by ggml's numbers.
std::span<const GgmlTraits> ggmlTypes();

/// Null if this number in a file is of a type that is not supported.
const GgmlTraits *findGgmlType(uint32_t number);

/// "Q4_K", the names of types that are not supported included, or "number 77".
std::string ggmlTypeName(uint32_t number);

/// Bytes of a tensor whose rows of `columns` elements are whole blocks, or nothing if they are not,
/// a dimension is negative, or the size does not fit 63 bits.
std::optional<uint64_t> ggmlByteSize(GgmlType type, std::span<const int64_t> shape);

/// Takes consecutive blocks apart; the sizes of `parts` are those of all together.
void unpackBlocks(GgmlType type, std::span<const std::byte> blocks, const BlockParts &parts);

/// Puts consecutive blocks together. Throws an Error if the type cannot have such scales.
void packBlocks(GgmlType type, const BlockParts &parts, std::span<std::byte> blocks);

/// The numbers that stored elements stand for, bit for bit as ggml's reference code computes them.
/// `stored` holds `values.size()` elements, whole blocks.
void decodeGgml(GgmlType type, std::span<const std::byte> stored, std::span<float> values);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGMLTYPE_H
