//===- PrefillTiles.cpp - the tiles of keys that a block visits -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/PrefillTiles.h"
#include "lowering/gpu/CacheWindow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

static Scalar boolean(PtxBuilder &b, bool value) {
  return b.wrap(arith::ConstantOp::create(b, b.getBoolAttr(value)));
}

PrefillTiles::PrefillTiles(PtxBuilder &b, const AttentionShape &shape, int64_t keys, Scalar first,
                           Scalar last)
    : b(b), shape(shape) {
  const CacheFormat &keyFormat = shape.keys.format, &valueFormat = shape.values.format;
  // Of windows of the same size, tokens leave those by channel first, or at once with the others.
  bool isSame = keyFormat.residual == valueFormat.residual;
  bool keysFirst = isSame && (keyFormat.channels || !valueFormat.channels),
       valuesFirst = isSame && (valueFormat.channels || !keyFormat.channels);
  places.push_back({true, true});
  if (valueFormat.residual && !valuesFirst)
    places.push_back({true, false});
  if (keyFormat.residual && valueFormat.residual)
    places.push_back({false, false});
  if (keyFormat.residual && !keysFirst)
    places.push_back({false, true});
  Scalar end = b.i32(0);
  for (const Places &place : places) {
    Visit any = visitOf(place, b.i32(0));
    Scalar firstTile = bounds(any, first).first / keys;
    Scalar endTile = (bounds(any, last).second + (keys - 1)) / keys;
    firstTiles.push_back(firstTile);
    end = end + max(endTile, firstTile) - firstTile;
    ends.push_back(end);
  }
}

PrefillTiles::Visit PrefillTiles::visitOf(const Places &place, Scalar tile) const {
  if (!shape.hasWindow())
    return {tile, {}, {}};
  return {tile, boolean(b, place.keysCoded), boolean(b, place.valuesCoded)};
}

PrefillTiles::Visit PrefillTiles::visit(Scalar index) const {
  Visit found = visitOf(places[0], index + firstTiles[0]);
  for (size_t i = 1; i < places.size(); ++i) {
    Scalar isHere = index >= ends[i - 1];
    Visit here = visitOf(places[i], index - ends[i - 1] + firstTiles[i]);
    found = {select(isHere, here.tile, found.tile), select(isHere, here.keysCoded, found.keysCoded),
             select(isHere, here.valuesCoded, found.valuesCoded)};
  }
  return found;
}

std::pair<Scalar, Scalar> PrefillTiles::range(const Visit &visit, Scalar position) const {
  auto [begin, end] = bounds(visit, position);
  return {begin, max(begin, end)};
}

std::pair<Scalar, Scalar> PrefillTiles::bounds(const Visit &visit, Scalar position) const {
  Scalar begin = b.i32(0), end = position + 1;
  auto restrict = [&](const CacheFormat &format, Scalar isCoded) {
    if (!format.residual)
      return;
    Scalar coded = CacheWindow::codedTokens(b, format, position);
    begin = select(isCoded, begin, max(begin, coded));
    end = select(isCoded, min(end, coded), end);
  };
  restrict(shape.keys.format, visit.keysCoded);
  restrict(shape.values.format, visit.valuesCoded);
  return {begin, end};
}
