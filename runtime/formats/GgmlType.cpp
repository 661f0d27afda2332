//===- GgmlType.cpp - sizes, names and contents of GGUF's tensors ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgmlType.h"

#include "runtime/formats/FloatConvert.h"
#include <array>
#include <cassert>
#include <fmt/format.h>

using namespace qopt;

std::string qopt::ggmlTypeName(uint32_t number) {
  // The types that are not in the table, by ggml's numbers.
  constexpr std::pair<uint32_t, std::string_view> others[] = {
      {9, "Q8_1"},    {10, "Q2_K"},    {11, "Q3_K"},  {15, "Q8_K"},  {16, "IQ2_XXS"},
      {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"}, {21, "IQ3_S"}, {22, "IQ2_S"},
      {23, "IQ4_XS"}, {24, "I8"},      {25, "I16"},   {26, "I32"},   {27, "I64"},
      {28, "F64"},    {29, "IQ1_M"},   {34, "TQ1_0"}, {35, "TQ2_0"}};
  if (const GgmlTraits *traits = findGgmlType(number))
    return std::string(traits->name);
  for (auto [other, name] : others)
    if (other == number)
      return std::string(name);
  return fmt::format("number {}", number);
}

std::optional<uint64_t> qopt::ggmlByteSize(GgmlType type, std::span<const int64_t> shape) {
  const GgmlTraits &traits = ggmlTraits(type);
  int64_t columns = shape.empty() ? 1 : shape.back();
  if (columns < 0 || columns % traits.blockElements != 0)
    return std::nullopt;
  int64_t size;
  if (__builtin_mul_overflow(columns / traits.blockElements, int64_t(traits.blockBytes), &size))
    return std::nullopt;
  for (size_t i = 0; i + 1 < shape.size(); ++i)
    if (shape[i] < 0 || __builtin_mul_overflow(size, shape[i], &size))
      return std::nullopt;
  return uint64_t(size);
}

BlockParts qopt::partsOfBlock(const GgmlTraits &traits, const BlockParts &all, size_t index) {
  size_t elements = traits.blockElements, groups = traits.groupsOfBlock();
  return {all.codes.subspan(index * elements, elements), all.scales.subspan(index * groups, groups),
          traits.hasZeros ? all.zeros.subspan(index * groups, groups) : all.zeros};
}

/// How many blocks `bytes` are; the sizes of `parts` are those of all.
static size_t countBlocks(const GgmlTraits &traits, size_t bytes,
                          [[maybe_unused]] const BlockParts &parts) {
  size_t count = bytes / traits.blockBytes;
  assert(parts.codes.size() == count * traits.blockElements &&
         parts.scales.size() == count * traits.groupsOfBlock() &&
         parts.zeros.size() == (traits.hasZeros ? parts.scales.size() : 0));
  return count;
}

void qopt::unpackBlocks(GgmlType type, std::span<const std::byte> blocks, const BlockParts &parts) {
  const GgmlTraits &traits = ggmlTraits(type);
  size_t count = countBlocks(traits, blocks.size(), parts);
  for (size_t i = 0; i < count; ++i)
    traits.unpack(&blocks[i * traits.blockBytes], partsOfBlock(traits, parts, i));
}

void qopt::packBlocks(GgmlType type, const BlockParts &parts, std::span<std::byte> blocks) {
  const GgmlTraits &traits = ggmlTraits(type);
  size_t count = countBlocks(traits, blocks.size(), parts);
  for (size_t i = 0; i < count; ++i)
    traits.pack(partsOfBlock(traits, parts, i), &blocks[i * traits.blockBytes]);
}

/// The numbers of one block.
static void decodeBlock(const GgmlTraits &traits, const std::byte *block, float *values) {
  constexpr size_t maxElements = 256, maxGroups = 16;
  std::array<int8_t, maxElements> codes;
  std::array<float, maxGroups> scales, zeros;
  size_t groups = traits.groupsOfBlock();
  traits.unpack(block, {std::span(codes).first(traits.blockElements),
                        std::span(scales).first(groups), std::span(zeros).first(groups)});
  for (size_t group = 0; group < groups; ++group)
    for (size_t i = group * traits.groupElements; i < (group + 1) * traits.groupElements; ++i) {
      // Two statements: the compiler must not fuse them into one rounding.
      float product = scales[group] * float(codes[i]);
      values[i] = traits.hasZeros ? product + zeros[group] : product;
    }
}

void qopt::decodeGgml(GgmlType type, std::span<const std::byte> stored, std::span<float> values) {
  const GgmlTraits &traits = ggmlTraits(type);
  if (traits.dtype)
    return convertToF32(*traits.dtype, stored, values);
  assert(values.size() % traits.blockElements == 0 && "parts of blocks");
  for (size_t i = 0; i < values.size() / traits.blockElements; ++i)
    decodeBlock(traits, &stored[i * traits.blockBytes], &values[i * traits.blockElements]);
}
