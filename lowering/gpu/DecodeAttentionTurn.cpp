//===- DecodeAttentionTurn.cpp - keys that turn as they are read ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A score does not change where key and query turn together. So a key turns by the angles of its
// place among the 16 of a step, which wait in shared memory, and the query, once a step, back by
// those of the step's first position. Pairs lie side by side in queries, keys and angles alike: a
// lane has both of what turns, and a word of its fragments is a pair.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/DecodeAttention.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

/// Places of a slot.
static constexpr int64_t kSlot = 4;

KeyTurn DecodeAttentionEmitter::keyTurn() {
  Value bias;
  if (op.getKeyBias())
    bias =
        b.elementPtr(function.vector(op.getKeyBias()).base, b.getF32Type(), kvHead * shape.headDim);
  return {b, shape.keys, function.pointer(Kind::RopeTable), bias};
}

Scalar DecodeAttentionEmitter::fragmentPlace(Scalar tileRow, Scalar place) {
  int64_t elements = shape.keys.unitElements();
  Scalar unit = place / elements;
  Scalar slot = unit / 4 * (elements / kSlot) + place % elements / kSlot;
  Scalar line = (tileRow / 8 * slots() + slot) * kWarpSize + tileRow % 8 * 4 + unit % 4;
  return line * kSlot + place % kSlot;
}

Scalar DecodeAttentionEmitter::firstPair(Scalar slot, Scalar quadLane) {
  int64_t elements = shape.keys.unitElements(), unitSlots = elements / kSlot;
  Scalar unit = slot / unitSlots * 4 + quadLane;
  return (unit * elements + slot % unitSlots * kSlot) / 2;
}

/// Puts the angles of a step's places, and the bias, into shared memory. Each tile has a bias of
/// its own, so that it does not stay in registers from one to the other.
void DecodeAttentionEmitter::prepareTurn() {
  KeyTurn turn = keyTurn();
  Scalar threads = b.i32(config.warps * kWarpSize);
  b.forLoop(thread, b.i32(2 * slots() * kWarpSize), threads, [&](Scalar line) {
    Scalar tile = line / kWarpSize / slots(), slot = line / kWarpSize % slots();
    Scalar keyRow = line % kWarpSize / 4;
    // As laneKey() says. The table ends with the context.
    Scalar place = min(keyRow / 2 * 4 + keyRow % 2 + tile * 2, length - 1);
    b.storeFloats(angles(), b.getF32Type(), line * kSlot,
                  turn.angles(place, firstPair(slot, line % 4)));
  });
  if (turn.hasBias())
    b.forLoop(thread, b.i32(2 * slots() * 4), threads, [&](Scalar line) {
      b.storeFloats(biases(), b.getF32Type(), line * kSlot,
                    turn.biases(firstPair(line / 4 % slots(), line % 4)));
    });
}

/// Makes the query's fragments for a step.
void DecodeAttentionEmitter::turnQuery(const Step &step) {
  KeyTurn turn = keyTurn();
  query.assign(size_t(numHalves() * keyLoads()), {});
  int64_t unitSlots = shape.keys.unitElements() / kSlot;
  for (int64_t slot = 0; slot < slots(); ++slot) {
    SmallVector<Scalar> angles = turn.angles(step.firstKey, firstPair(b.i32(slot), laneColumn));
    for (int64_t half = 0; half < numHalves(); ++half) {
      Scalar tileRow = min(laneRow, b.i32(numRows() - 1 - half * 8)) + half * 8;
      Scalar line = (b.i32(half * slots() + slot)) * kWarpSize + tileRow % 8 * 4 + laneColumn;
      SmallVector<Scalar> values = b.loadFloats(queries(), b.getF32Type(), line * kSlot, kSlot);
      query[size_t(half * keyLoads() + slot / unitSlots)].append(turn.turnBack(values, angles));
    }
  }
}

/// Keys of a step, of which a tile's turn together, when the first of them is asked for.
DecodeAttentionEmitter::WordsOf DecodeAttentionEmitter::turnedKeys(ElementsOf elements) {
  auto turned = std::make_shared<std::array<SmallVector<SmallVector<Scalar>>, 2>>();
  return [=, this](int64_t tile, int64_t load) {
    SmallVector<SmallVector<Scalar>> &keys = (*turned)[size_t(tile)];
    if (!keys.empty())
      return keys[size_t(load)];
    KeyTurn turn = keyTurn();
    SmallVector<SmallVector<Scalar>> units;
    for (int64_t i = 0; i < keyLoads(); ++i)
      units.push_back(elements(tile, i));
    if (shape.keys.format.hadamard)
      turn.rotateBack(units, laneColumn, std::min<int64_t>(4, shape.keys.unitsPerRow()));
    int64_t unitSlots = shape.keys.unitElements() / kSlot;
    for (int64_t i = 0; i < keyLoads(); ++i) {
      SmallVector<Scalar> &words = keys.emplace_back();
      for (int64_t j = 0; j < unitSlots; ++j) {
        int64_t slot = i * unitSlots + j;
        Scalar line = lane + (tile * slots() + slot) * kWarpSize;
        SmallVector<Scalar> angles =
            b.loadFloats(this->angles(), b.getF32Type(), line * kSlot, kSlot);
        SmallVector<Scalar> bias;
        if (turn.hasBias())
          bias = b.loadFloats(biases(), b.getF32Type(),
                              (laneColumn + (tile * slots() + slot) * 4) * kSlot, kSlot);
        words.append(turn.turn(ArrayRef(units[i]).slice(j * kSlot, kSlot), bias, angles));
      }
    }
    return keys[size_t(load)];
  };
}
