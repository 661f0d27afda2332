//===- CacheWindow.cpp - the newest keys or values ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CacheWindow.h"
#include "lowering/gpu/AttentionParts.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

CacheWindow::CacheWindow(KernelFunction &function, const CachePool &pool, Scalar sequence,
                         Scalar kvHead)
    : function(function), b(function.getBuilder()), window(pool.window()),
      unitElements(pool.unitElements()), sequence(sequence), kvHead(kvHead),
      reader(b, window, function.pointer(pool.isKey ? Kind::KeyWindow : Kind::ValueWindow)) {}

Value CacheWindow::block(Scalar position) const {
  Scalar slot = b.loadI32(function.pointer(Kind::Slots), sequence);
  return reader.block(slot * 2 + position / kPageTokens % 2, kvHead);
}

void CacheWindow::append(WarpHead &head, Scalar position) const {
  Scalar first = position % kPageTokens * window.paddedDim();
  Value row = b.elementPtr(block(position), b.getF16Type(), first);
  storeRow(head, window, row, b.getF16Type());
}

CacheWindow::Units CacheWindow::load(Value block, Scalar token, Scalar index, Scalar last) const {
  int64_t count = unitElements / window.unitElements();
  Units units;
  for (int64_t i = 0; i < count; ++i) {
    // Beyond the head something finite.
    Scalar unit = min(index * count + i, b.i32(window.unitsPerRow() - 1));
    units.push_back(reader.load(block, token, unit, last, token));
  }
  return units;
}

SmallVector<Scalar> CacheWindow::elements(const Units &units) const {
  SmallVector<Scalar> elements;
  for (const CacheReader::Unit &unit : units)
    elements.append(reader.elements(unit, 0));
  return elements;
}

SmallVector<Scalar> CacheWindow::words(const Units &units) const {
  SmallVector<Scalar> words;
  for (const CacheReader::Unit &unit : units)
    words.append(reader.words(unit, 0));
  return words;
}

SmallVector<Scalar> CacheWindow::pairs(const Units &first, const Units &second) const {
  SmallVector<Scalar> pairs;
  for (auto [low, high] : llvm::zip_equal(first, second))
    pairs.append(reader.pairs(low, 0, high, 0));
  return pairs;
}

Scalar CacheWindow::codedTokens(PtxBuilder &b, const CacheFormat &format, Scalar position) {
  Scalar tokens = position + 1;
  if (format.channels)
    return tokens / format.residual * format.residual;
  return max(tokens, b.i32(format.residual)) - format.residual;
}
