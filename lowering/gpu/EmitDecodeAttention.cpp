//===- EmitDecodeAttention.cpp - one new token of each sequence -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The past is cut into parts of whole steps of 16 keys, so many that the grid fills the chip when
// the past is long; how long they are follows from the length alone. Blocks without a part leave at
// once. The warps of a block take steps in turn.
//
// Keys and values go from global memory straight into fragments, codes becoming bf16 in registers.
// A dot product does not care in which order its elements are numbered, so a lane loads consecutive
// elements of a key, 16 bytes, and calls them the elements that the layout asks of it; the query is
// loaded in the same way. Values need two keys in one register: a lane loads the same elements of
// each of its four keys and pairs them; column n of tile j is then element j of the head's unit n.
// Sums for more than 128 elements would not fit in registers: two warps then take the same keys,
// and half of the head each.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/DecodeAttention.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/SharedTile.h"
#include <numbers>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

double DecodeAttentionEmitter::scale() {
  return op.getScale().convertToDouble() * std::numbers::log2e;
}

SmallVector<Value> DecodeAttentionEmitter::State::flatten() const {
  SmallVector<Value> values;
  for (const SoftmaxRow &row : rows)
    values.append({row.maximum, row.sum});
  for (const MmaSums &sums : result)
    values.append(sums.begin(), sums.end());
  if (unit)
    values.push_back(unit);
  return values;
}

DecodeAttentionEmitter::State DecodeAttentionEmitter::State::parse(PtxBuilder &b, size_t numRows,
                                                                   bool hasUnit,
                                                                   ValueRange values) {
  State state;
  if (hasUnit) {
    state.unit = b.wrap(values.back());
    values = values.drop_back();
  }
  for (size_t i = 0; i < numRows; ++i)
    state.rows.push_back({b.wrap(values[2 * i]), b.wrap(values[2 * i + 1])});
  for (size_t i = 2 * numRows; i < values.size(); i += 4)
    state.result.push_back({values[i], values[i + 1], values[i + 2], values[i + 3]});
  return state;
}

/// Scores of the tile's rows for 8 keys, of which lane / 4 has loaded one.
MmaSums DecodeAttentionEmitter::score(int64_t tile, const WordsOf &keys) {
  Value zero = b.f32(0);
  MmaSums sums = {zero, zero, zero, zero};
  for (int64_t i = 0; i < keyLoads(); ++i) {
    SmallVector<Scalar> words = keys(tile, i);
    for (size_t pair = 0; pair < words.size(); pair += 2) {
      auto fragment = [&](int64_t half, size_t word) -> Value {
        return half < numHalves() ? Value(query[half * keyLoads() + i][word]) : Value(b.i32(0));
      };
      sums = b.mma(
          {fragment(0, pair), fragment(1, pair), fragment(0, pair + 1), fragment(1, pair + 1)},
          {words[pair], words[pair + 1]}, sums);
    }
  }
  return sums;
}

/// A tile of zeros has any unit.
Scalar DecodeAttentionEmitter::changeUnit(State &state, Scalar scale) {
  Scalar unit = select(scale == b.f32(0), b.f32(1), scale);
  Scalar change = b.divide(state.unit, unit);
  state.unit = unit;
  return change;
}

/// Attends to the keys of a step; those from the row's length on are read as something finite and
/// weigh nothing. A lane's columns of both tiles of scores are four keys in a row: 4 (lane % 4) + 2
/// tile + column.
DecodeAttentionEmitter::State DecodeAttentionEmitter::step(const Step &step, bool isRecent,
                                                           State state) {
  // All loads first: with 16 keys and values of a head of 128, a warp has 8 KiB in flight.
  Tokens keys = isRecent ? loadRecentKeys(step) : loadKeys(step);
  Tokens values = isRecent ? loadRecentValues(step) : loadValues(step);
  if (keysTurn())
    turnQuery(step);
  MmaSums scores[2];
  for (int64_t tile = 0; tile < 2; ++tile)
    scores[tile] = score(tile, keys.words);
  Scalar change = values.scale ? changeUnit(state, values.scale) : Scalar();

  Value weights[4] = {b.i32(0), b.i32(0), b.i32(0), b.i32(0)}; // in fragment order
  for (int64_t half = 0; half < numHalves(); ++half) {
    SmallVector<std::pair<Scalar, Scalar>> pairs;
    for (int64_t tile = 0; tile < 2; ++tile) {
      auto visible = [&](int64_t column) {
        Scalar key = step.firstKey + laneColumn * 4 + (tile * 2 + column);
        Scalar score = b.wrap(scores[tile][half * 2 + column]);
        return select(key < length, keys.scale ? score * keys.scale : score,
                      SoftmaxRow::begin(b).maximum);
      };
      pairs.push_back({visible(0), visible(1)});
    }
    Scalar correction;
    SmallVector<Scalar> words =
        state.rows[half].update(b, pairs, scale(), op.getSoftmaxAttr(), correction);
    weights[half] = words[0];
    weights[half + 2] = words[1];
    if (change)
      correction = correction * change;
    for (MmaSums &sums : state.result)
      for (int64_t column = 0; column < 2; ++column)
        sums[half * 2 + column] = b.wrap(sums[half * 2 + column]) * correction;
  }
  int64_t unitElements = shape.values.unitElements();
  for (int64_t i = 0; i < valueLoads(); ++i) {
    SmallVector<Scalar> low = values.words(i, 0), high = values.words(i, 2);
    for (int64_t j = 0; j < unitElements; ++j) {
      MmaSums &sums = state.result[i * unitElements + j];
      sums = b.mma(weights, {low[j], high[j]}, sums);
    }
  }
  return state;
}

DecodeAttentionEmitter::State DecodeAttentionEmitter::walkPast() {
  State state;
  state.rows.assign(numHalves(), SoftmaxRow::begin(b));
  Value zero = b.f32(0);
  state.result.assign(valueLoads() * shape.values.unitElements(), {zero, zero, zero, zero});
  if (hasUnit())
    state.unit = b.f32(1);

  Scalar endStep = (endKey + (kTile - 1)) / kTile;
  Scalar pages = sequence * function.number(Kind::MaxPages);
  Value pageTable = function.pointer(Kind::PageTable);
  auto pageOf = [&](Scalar i) {
    return b.loadI32(pageTable, pages + min(i, endStep - 1) / (kPageTokens / kTile));
  };
  // The next step's page is loaded a step ahead: keys wait for nothing but themselves.
  Scalar begin = firstKey / kTile + keyWarp;
  SmallVector<Value> carried = {pageOf(begin)};
  carried.append(state.flatten());
  auto walk = [&](Scalar end, bool isRecent) {
    carried = b.forLoop(begin, end, b.i32(keyWarps()), carried, [&](Scalar i, ValueRange now) {
      SmallVector<Value> next = {pageOf(i + keyWarps())};
      State current = parse(now.drop_front());
      Scalar key = i * kTile, first = key % kPageTokens;
      Scalar last = min(length - 1 - (key - first), b.i32(kPageTokens - 1));
      Step place{key, b.wrap(now[0]), first, last};
      next.append(step(place, isRecent, std::move(current)).flatten());
      return next;
    });
  };
  if (shape.hasWindow()) {
    // Steps that find nothing in windows need not ask.
    Scalar end = endStep;
    for (const CachePool *pool : {&shape.keys, &shape.values})
      if (pool->format.residual)
        end = min(end, codedTokens(*pool) / kTile);
    walk(end, /*isRecent=*/false);
    begin = begin + (max(end, begin) - begin + (keyWarps() - 1)) / keyWarps() * keyWarps();
  }
  walk(endStep, shape.hasWindow());
  return parse(ArrayRef(carried).drop_front());
}

/// The block's keys. Parts are equal, long enough for each warp to have a step, and of whole
/// groups, so that the group that the newest token completes is read by the block alone that codes
/// it.
void DecodeAttentionEmitter::choosePart() {
  int64_t splits = op.getSplits();
  if (splits == 1) {
    firstKey = b.i32(0);
    endKey = length;
    return;
  }
  split = b.blockId(2);
  int64_t whole = std::max(kTile, shape.tokenGroup());
  Scalar equal = (length + (splits * whole - 1)) / (splits * whole) * whole;
  Scalar keys = max(equal, b.i32(roundUp(keyWarps() * kTile, whole)));
  activeSplits = (length + (keys - 1)) / keys;
  firstKey = split * keys;
  endKey = min(firstKey + keys, length);
}

void DecodeAttentionEmitter::emitPart() {
  prepareHeads();
  if (keysTurn())
    prepareTurn();
  b.barrier();
  encodeGroup(shape.keys);
  encodeGroup(shape.values);
  if (!keysTurn())
    loadQuery();
  writeWarpPart(walkPast());
  b.barrier();
  combineWarps();
  if (op.getSplits() > 1)
    b.ifThen(activeSplits > 1, [&] { ifLastBlock([&] { combineSplits(); }); });
}

void DecodeAttentionEmitter::emit() {
  thread = b.threadId();
  lane = thread % kWarpSize;
  warp = thread / kWarpSize;
  keyWarp = warp / config.headSplit(shape);
  laneRow = lane / 4;
  laneColumn = lane % 4;
  row = b.blockId(0);
  kvHead = b.blockId(1) / config.tiles(shape);
  firstHead = b.blockId(1) % config.tiles(shape) * kTile;
  sequence = b.loadI32(function.pointer(Kind::TokenSeq), row);
  length = b.loadI32(function.pointer(Kind::TokenPos), row) + 1;
  choosePart();
  if (op.getSplits() == 1)
    emitPart();
  else
    b.ifThen(firstKey < length, [&] { emitPart(); });
}

LogicalResult ptx::emitDecodeAttention(kernel::AppendAttentionOp op, gpu::GPUModuleOp module) {
  FailureOr<DecodeAttentionConfig> config = DecodeAttentionConfig::read(op);
  if (failed(config) || failed(checkHeadTypes(op)))
    return failure();
  KernelFunction function(op, module);
  DecodeAttentionEmitter(op, function, *config).emit();
  return success();
}
