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
// Keys and values go from global memory straight into fragments. A dot product does not care in
// which order its elements are numbered, so a lane loads 8 consecutive elements of a key, 16 bytes,
// and calls them the elements that the layout asks of it; the query is loaded in the same way.
// Values need two keys in one register: a lane loads 8 elements of each of its four keys and pairs
// them by byte permutation; column n of tile j is then element 8 n + j of the head. Sums for more
// than 128 elements would not fit in registers: two warps then take the same keys, and half of the
// head each.
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

Scalar DecodeAttentionEmitter::inRow(Scalar dim, int64_t end) {
  bool isInside = end <= shape.headStride && config.headSplit(shape) == 1;
  return isInside ? dim : min(dim, b.i32(shape.headStride - kChunk));
}

SmallVector<Value> DecodeAttentionEmitter::State::flatten() const {
  SmallVector<Value> values;
  for (const SoftmaxRow &row : rows)
    values.append({row.maximum, row.sum});
  for (const MmaSums &sums : result)
    values.append(sums.begin(), sums.end());
  return values;
}

DecodeAttentionEmitter::State DecodeAttentionEmitter::State::parse(PtxBuilder &b, size_t numRows,
                                                                   ValueRange values) {
  State state;
  for (size_t i = 0; i < numRows; ++i)
    state.rows.push_back({b.wrap(values[2 * i]), b.wrap(values[2 * i + 1])});
  for (size_t i = 2 * numRows; i < values.size(); i += 4)
    state.result.push_back({values[i], values[i + 1], values[i + 2], values[i + 3]});
  return state;
}

/// Scores of the tile's rows for 8 keys, of which lane / 4 reads the row `key`.
MmaSums DecodeAttentionEmitter::score(Value key) {
  Value zero = b.f32(0);
  MmaSums sums = {zero, zero, zero, zero};
  for (int64_t i = 0; i < keyLoads(); ++i) {
    Scalar dim = inRow(laneColumn * kChunk + i * 32, (i + 1) * 32);
    SmallVector<Scalar> words = b.loadWords(b.elementPtr(key, b.getBF16Type(), dim), Access::Plain);
    for (int64_t pair = 0; pair < 4; pair += 2) {
      auto fragment = [&](int64_t half, int64_t word) -> Value {
        return half < numHalves() ? Value(query[half * keyLoads() + i][word]) : Value(b.i32(0));
      };
      sums = b.mma(
          {fragment(0, pair), fragment(1, pair), fragment(0, pair + 1), fragment(1, pair + 1)},
          {words[pair], words[pair + 1]}, sums);
    }
  }
  return sums;
}

/// Attends to the keys `[firstKey, firstKey + 16)`, which are in `page`; those from the row's
/// length on are read as its last key and weigh nothing.
DecodeAttentionEmitter::State DecodeAttentionEmitter::step(Scalar firstKey, Scalar page,
                                                           State state) {
  Value keyPool = function.pointer(Kind::KeyCache), valuePool = function.pointer(Kind::ValueCache);
  Scalar last = length - 1;
  auto rowOf = [&](Value pool, Scalar inStep) {
    return cacheRow(b, pool, shape, page, kvHead, min(firstKey + inStep, last) % kPageTokens);
  };
  // All loads first: with 16 keys and values of a head of 128, a warp has 8 KiB in flight.
  MmaSums scores[2];
  for (int64_t tile = 0; tile < 2; ++tile)
    scores[tile] = score(rowOf(keyPool, laneRow + tile * 8));
  SmallVector<SmallVector<Scalar>> values; // [load * 4 + key]
  for (int64_t i = 0; i < valueLoads(); ++i)
    for (int64_t key : {0, 1, 8, 9}) {
      Scalar dim = inRow(valueDim(i) + laneRow * kChunk, (i + 1) * 64);
      values.push_back(
          b.loadWords(b.elementPtr(rowOf(valuePool, laneColumn * 2 + key), b.getBF16Type(), dim),
                      Access::Plain));
    }

  Value weights[4] = {b.i32(0), b.i32(0), b.i32(0), b.i32(0)}; // in fragment order
  for (int64_t half = 0; half < numHalves(); ++half) {
    SmallVector<std::pair<Scalar, Scalar>> pairs;
    for (int64_t tile = 0; tile < 2; ++tile) {
      auto visible = [&](int64_t column) {
        Scalar key = firstKey + laneColumn * 2 + (tile * 8 + column);
        return select(key < length, b.wrap(scores[tile][half * 2 + column]),
                      SoftmaxRow::begin(b).maximum);
      };
      pairs.push_back({visible(0), visible(1)});
    }
    Scalar correction;
    SmallVector<Scalar> words = state.rows[half].update(b, pairs, scale(), correction);
    weights[half] = words[0];
    weights[half + 2] = words[1];
    for (MmaSums &sums : state.result)
      for (int64_t column = 0; column < 2; ++column)
        sums[half * 2 + column] = b.wrap(sums[half * 2 + column]) * correction;
  }
  for (auto [j, sums] : llvm::enumerate(state.result)) {
    ArrayRef<SmallVector<Scalar>> keys = ArrayRef(values).slice(j / 8 * 4, 4);
    auto paired = [&](size_t first) -> Value {
      Scalar low = keys[first][j % 8 / 2], high = keys[first + 1][j % 8 / 2];
      return j % 2 == 0 ? b.pairLow(low, high) : b.pairHigh(low, high);
    };
    sums = b.mma(weights, {paired(0), paired(2)}, sums);
  }
  return state;
}

DecodeAttentionEmitter::State DecodeAttentionEmitter::walkPast() {
  State state;
  state.rows.assign(numHalves(), SoftmaxRow::begin(b));
  Value zero = b.f32(0);
  state.result.assign(valueLoads() * 8, {zero, zero, zero, zero});

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
  carried = b.forLoop(begin, endStep, b.i32(keyWarps()), carried, [&](Scalar i, ValueRange now) {
    SmallVector<Value> next = {pageOf(i + keyWarps())};
    State current = State::parse(b, numHalves(), now.drop_front());
    next.append(step(i * kTile, b.wrap(now[0]), std::move(current)).flatten());
    return next;
  });
  return State::parse(b, numHalves(), ArrayRef(carried).drop_front());
}

/// The block's keys. Parts are equal, and long enough for each warp to have a step.
void DecodeAttentionEmitter::choosePart() {
  int64_t splits = op.getSplits();
  if (splits == 1) {
    firstKey = b.i32(0);
    endKey = length;
    return;
  }
  split = b.blockId(2);
  Scalar equal = (length + (splits * kTile - 1)) / (splits * kTile) * kTile;
  Scalar keys = max(equal, b.i32(keyWarps() * kTile));
  activeSplits = (length + (keys - 1)) / keys;
  firstKey = split * keys;
  endKey = min(firstKey + keys, length);
}

void DecodeAttentionEmitter::emitPart() {
  prepareHeads();
  b.barrier();
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
