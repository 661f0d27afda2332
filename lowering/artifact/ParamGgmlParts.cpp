//===- ParamGgmlParts.cpp - parameters made of ggml's blocks --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamGgmlParts.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/quantization/BlockCodec.h"
#include "runtime/quantization/GgmlQuantizer.h"
#include <algorithm>
#include <cassert>
#include <cstring>
#include <map>
#include <mutex>

using namespace qopt;

namespace {

/// Memory for the parts of some blocks.
struct PartBuffers {
  PartBuffers(const GgmlTraits &type, int64_t elements)
      : codes(elements), scales(elements / type.groupElements),
        zeros(type.hasZeros ? scales.size() : 0) {}

  BlockParts parts() { return {codes, scales, zeros}; }

  std::vector<int8_t> codes;
  std::vector<float> scales, zeros;
};

class QuantizedBlocks : public GgmlBlockSource {
public:
  QuantizedBlocks(ParamExpressionPtr values, GgmlType type, std::string name, int times)
      : GgmlBlockSource(type, values->rows(), values->columns()), values(std::move(values)),
        name(std::move(name)), times(times) {}

  void read(int64_t row, int64_t column, int64_t count, const BlockParts &parts) const override {
    bool isWhole = count == columns() && times > 1;
    if (isWhole && takeKept(row, parts))
      return;
    quantize(row, column, count, parts);
    if (isWhole)
      keep(row, parts);
  }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    values->collectSources(sources);
  }

private:
  struct Kept {
    PartBuffers buffers;
    int times;
  };

  void quantize(int64_t row, int64_t column, int64_t count, const BlockParts &parts) const {
    std::vector<float> numbers = readF32(*values, {row, 1, column, count});
    size_t bad;
    rangeOf(numbers, bad);
    if (bad < numbers.size())
      fail("{} [{}, {}] is {}: a tensor to quantize must be finite", quote(name), row,
           column + int64_t(bad), numbers[bad]);
    try {
      quantizeGgml(type().type, numbers, parts);
    } catch (const Error &error) {
      fail("{}: {}", quote(name), error.what());
    }
  }

  bool takeKept(int64_t row, const BlockParts &parts) const {
    std::lock_guard lock(mutex);
    auto found = kept.find(row);
    if (found == kept.end())
      return false;
    copyParts(found->second.buffers.parts(), parts);
    if (--found->second.times == 0)
      kept.erase(found);
    return true;
  }

  void keep(int64_t row, const BlockParts &parts) const {
    Kept entry{PartBuffers(type(), columns()), times - 1};
    copyParts(parts, entry.buffers.parts());
    std::lock_guard lock(mutex);
    kept.try_emplace(row, std::move(entry));
  }

  static void copyParts(const BlockParts &from, const BlockParts &to) {
    std::ranges::copy(from.codes, to.codes.begin());
    std::ranges::copy(from.scales, to.scales.begin());
    std::ranges::copy(from.zeros, to.zeros.begin());
  }

  ParamExpressionPtr values;
  std::string name;
  int times;
  mutable std::mutex mutex;
  mutable std::map<int64_t, Kept> kept;
};

class GivenBlocks : public GgmlBlockSource {
public:
  GivenBlocks(QuantizedParams given, GgmlType type)
      : GgmlBlockSource(type, given.codes->rows(), given.codes->columns()),
        given(std::move(given)) {}

  void read(int64_t row, int64_t column, int64_t count, const BlockParts &parts) const override {
    given.codes->read({row, 1, column, count}, std::as_writable_bytes(parts.codes));
    Rect groups{row, 1, column / type().groupElements, count / type().groupElements};
    given.scales->read(groups, std::as_writable_bytes(parts.scales));
    if (given.zeros)
      given.zeros->read(groups, std::as_writable_bytes(parts.zeros));
  }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    given.codes->collectSources(sources);
  }

private:
  QuantizedParams given;
};

/// An expression on blocks.
class BlocksParam : public ParamExpression {
public:
  BlocksParam(DType dtype, int64_t columns, const GgmlBlockSourcePtr &blocks)
      : ParamExpression(dtype, {blocks->rows(), columns}), blocks(blocks) {}

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    blocks->collectSources(sources);
  }

protected:
  GgmlBlockSourcePtr blocks;
};

/// Codes, scales or zeros.
class PartParam : public BlocksParam {
public:
  enum class Part : uint8_t { Codes, Scales, Zeros };

  PartParam(Part part, const GgmlBlockSourcePtr &blocks)
      : BlocksParam(part == Part::Codes ? DType::U8 : DType::F32,
                    blocks->columns() / step(part, *blocks), blocks),
        part(part) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    int64_t step = PartParam::step(part, *blocks), block = blocks->type().blockElements;
    int64_t begin = rect.column * step / block * block;
    int64_t end = ((rect.column + rect.columns) * step + block - 1) / block * block;
    size_t rowBytes = rect.columns * elementBytes();
    PartBuffers buffers(blocks->type(), end - begin);
    std::span<const std::byte> bytes = part == Part::Codes ? std::as_bytes(std::span(buffers.codes))
                                       : part == Part::Scales
                                           ? std::as_bytes(std::span(buffers.scales))
                                           : std::as_bytes(std::span(buffers.zeros));
    for (int64_t i = 0; i < rect.rows; ++i) {
      blocks->read(rect.row + i, begin, end - begin, buffers.parts());
      std::memcpy(&out[i * rowBytes], &bytes[(rect.column - begin / step) * elementBytes()],
                  rowBytes);
    }
  }

private:
  /// How many elements of a row one of this part's stands for.
  static int64_t step(Part part, const GgmlBlockSource &blocks) {
    return part == Part::Codes ? 1 : blocks.type().groupElements;
  }

  Part part;
};

class PackedBlocksParam : public BlocksParam {
public:
  explicit PackedBlocksParam(const GgmlBlockSourcePtr &blocks)
      : BlocksParam(DType::U8,
                    blocks->columns() / blocks->type().blockElements * blocks->type().blockBytes,
                    blocks) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    assert(rect.column == 0 && rect.columns == columns() && "blocks are read in whole rows");
    PartBuffers buffers(blocks->type(), blocks->columns());
    for (int64_t i = 0; i < rect.rows; ++i) {
      blocks->read(rect.row + i, 0, blocks->columns(), buffers.parts());
      packBlocks(blocks->type().type, buffers.parts(), out.subspan(i * columns(), columns()));
    }
  }
};

} // namespace

GgmlBlockSourcePtr qopt::quantizeToGgml(ParamExpressionPtr values, GgmlType type, std::string name,
                                        int times) {
  return std::make_shared<QuantizedBlocks>(std::move(values), type, std::move(name), times);
}

int qopt::partsOf(GgmlType type) { return ggmlTraits(type).hasZeros ? 3 : 2; }

GgmlBlockSourcePtr qopt::blocksOf(const QuantizedParams &parts, GgmlType type) {
  return std::make_shared<GivenBlocks>(parts, type);
}

QuantizedParams qopt::makeGgmlParts(const GgmlBlockSourcePtr &blocks) {
  using Part = PartParam::Part;
  auto make = [&](Part part) { return std::make_shared<PartParam>(part, blocks); };
  return {make(Part::Codes), make(Part::Scales),
          blocks->type().hasZeros ? make(Part::Zeros) : nullptr};
}

ParamExpressionPtr qopt::makeGgmlBlocks(const GgmlBlockSourcePtr &blocks) {
  return std::make_shared<PackedBlocksParam>(blocks);
}
