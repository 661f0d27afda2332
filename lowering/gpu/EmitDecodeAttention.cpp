//===- EmitDecodeAttention.cpp - one query of each head -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes one row and the query heads that share a KV head, as the 16 rows of an mma tile, so
// that each key and value is read once. Its warps take groups of 16 keys in turn and meet in shared
// memory at the end.
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

#include "lowering/gpu/AttentionParts.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/SharedTile.h"
#include <numbers>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

/// Query heads of a block, and keys of a step: the rows and the depth of an mma tile.
static constexpr int64_t kTile = 16;

namespace {

class DecodeAttentionEmitter {
public:
  DecodeAttentionEmitter(kernel::AttentionOp op, KernelFunction &function,
                         DecodeAttentionConfig config)
      : op(op), function(function), b(function.getBuilder()), config(config),
        shape(op, op.getCacheAttr(), op.getHeads()) {}

  void emit();

private:
  /// What a warp carries from step to step.
  struct State {
    SmallVector<SoftmaxRow, 2> rows; ///< of the lane's rows lane / 4 and lane / 4 + 8
    SmallVector<MmaSums> result;     ///< a tile for each column 8 n + j of 64 elements
    SmallVector<Value> flatten() const;
    static State parse(PtxBuilder &b, size_t numRows, ValueRange values);
  };

  void loadQuery();
  MmaSums score(Value key);
  State step(Scalar firstKey, Scalar page, State state);
  State walkPast();
  void writePartial(const State &state);
  void combine();

  /// Rows of the tile that can be heads: those of one half tile often suffice.
  int64_t numRows() const { return std::min(shape.group, kTile); }
  int64_t numHalves() const { return numRows() > 8 ? 2 : 1; }
  int64_t keyLoads() const { return llvm::divideCeil(shape.headDim, 32); }
  int64_t valueLoads() const {
    return llvm::divideCeil(std::min(shape.headDim, DecodeAttentionConfig::kWarpDims), 64);
  }
  /// First element of the head that the warp's value load `i` brings.
  Scalar valueDim(int64_t i) {
    return warp % config.headSplit(shape) * DecodeAttentionConfig::kWarpDims + i * 64;
  }
  int64_t keyWarps() const { return config.warps / config.headSplit(shape); }
  double scale() { return op.getScale().convertToDouble() * std::numbers::log2e; }
  /// `dim`, moved into the row where the head ends before `end`; what it reads is not used.
  Scalar inRow(Scalar dim, int64_t end) {
    bool isInside = end <= shape.headStride && config.headSplit(shape) == 1;
    return isInside ? dim : min(dim, b.i32(shape.headStride - kChunk));
  }
  Value partialMaxima() { return b.sharedMemory(); }
  Value partialSums();
  Value partialResults();

  kernel::AttentionOp op;
  KernelFunction &function;
  PtxBuilder &b;
  DecodeAttentionConfig config;
  AttentionShape shape;
  Scalar thread, warp, keyWarp, laneRow, laneColumn; ///< lane / 4 and lane % 4
  Scalar row, kvHead, firstHead;                     ///< firstHead: of the tile, within the group
  Scalar sequence, length;                           ///< keys that the row sees
  SmallVector<SmallVector<Scalar>> query;            ///< [half * keyLoads + load]: words
};

} // namespace

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

void DecodeAttentionEmitter::loadQuery() {
  Matrix q = function.activation(op.getQ());
  for (int64_t half = 0; half < numHalves(); ++half) {
    Scalar inGroup = firstHead + laneRow + half * 8;
    Scalar valid = inGroup < shape.group;
    Value head =
        b.elementPtr(q.row(b, row), q.element, (kvHead * shape.group + inGroup) * shape.headDim);
    for (int64_t i = 0; i < keyLoads(); ++i)
      query.push_back(
          loadQueryChunk(b, head, laneColumn * kChunk + i * 32, shape.headDim, q.access, valid));
  }
}

/// Scores of the tile's rows for 8 keys, of which lane / 4 reads the row `key`.
MmaSums DecodeAttentionEmitter::score(Value key) {
  Value zero = b.f32(0);
  MmaSums sums = {zero, zero, zero, zero};
  for (int64_t i = 0; i < keyLoads(); ++i) {
    Scalar dim = inRow(laneColumn * kChunk + i * 32, (i + 1) * 32);
    SmallVector<Scalar> words = b.loadWords(b.elementPtr(key, b.getBF16Type(), dim));
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
          b.loadWords(b.elementPtr(rowOf(valuePool, laneColumn * 2 + key), b.getBF16Type(), dim)));
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

  Scalar steps = (length + (kTile - 1)) / kTile;
  Scalar pages = sequence * function.number(Kind::MaxPages);
  Value pageTable = function.pointer(Kind::PageTable);
  auto pageOf = [&](Scalar i) {
    return b.loadI32(pageTable, pages + min(i, steps - 1) / (kPageTokens / kTile));
  };
  // The next step's page is loaded a step ahead: keys wait for nothing but themselves.
  SmallVector<Value> carried = {pageOf(keyWarp)};
  carried.append(state.flatten());
  carried = b.forLoop(keyWarp, steps, b.i32(keyWarps()), carried, [&](Scalar i, ValueRange now) {
    SmallVector<Value> next = {pageOf(i + keyWarps())};
    State current = State::parse(b, numHalves(), now.drop_front());
    next.append(step(i * kTile, b.wrap(now[0]), std::move(current)).flatten());
    return next;
  });
  return State::parse(b, numHalves(), ArrayRef(carried).drop_front());
}

// Shared memory, for each warp that has keys of its own: maxima [16], sums [16], results
// [rows][headStride], in f32.

Value DecodeAttentionEmitter::partialSums() {
  return b.bytePtr(b.sharedMemory(), b.i32(keyWarps() * kTile * int64_t(sizeof(float))));
}
Value DecodeAttentionEmitter::partialResults() {
  return b.bytePtr(b.sharedMemory(), b.i32(2 * keyWarps() * kTile * int64_t(sizeof(float))));
}

void DecodeAttentionEmitter::writePartial(const State &state) {
  for (int64_t half = 0; half < numHalves(); ++half) {
    Scalar tileRow = laneRow + half * 8;
    Scalar sum = b.warpSum(state.rows[half].sum, /*lanes=*/4);
    b.ifThen(tileRow < numRows(), [&] {
      // One lane of a quad, in one of the warps that have the same keys.
      b.ifThen((laneColumn == 0) & (warp % config.headSplit(shape) == 0), [&] {
        Scalar slot = keyWarp * kTile + tileRow;
        b.storeFloats(partialMaxima(), b.getF32Type(), slot, {state.rows[half].maximum});
        b.storeFloats(partialSums(), b.getF32Type(), slot, {sum});
      });
      Scalar base = (keyWarp * numRows() + tileRow) * shape.headStride;
      for (int64_t i = 0; i < valueLoads(); ++i)
        for (int64_t column = 0; column < 2; ++column) {
          Scalar dim = valueDim(i) + (laneColumn * 2 + column) * kChunk;
          auto store = [&] {
            SmallVector<Scalar> elements;
            for (int64_t j = 0; j < kChunk; ++j)
              elements.push_back(b.wrap(state.result[i * 8 + j][half * 2 + column]));
            b.storeFloats(partialResults(), b.getF32Type(), base + dim, elements);
          };
          if ((i + 1) * 64 <= shape.headStride && config.headSplit(shape) == 1)
            store();
          else
            b.ifThen(dim < shape.headStride, store);
        }
    });
  }
}

/// Adds the warps' results, in order, one element a thread.
void DecodeAttentionEmitter::combine() {
  Matrix result = function.activation(op.getResult());
  auto load = [&](Value base, Scalar index) {
    return b.loadFloats(base, b.getF32Type(), index, 1).front();
  };
  int64_t elements = numRows() * shape.headDim;
  b.forLoop(thread, b.i32(elements), b.i32(config.warps * kWarpSize), [&](Scalar i) {
    Scalar tileRow = i / shape.headDim, dim = i % shape.headDim;
    SmallVector<Scalar> maxima;
    Scalar best = SoftmaxRow::begin(b).maximum;
    for (int64_t w = 0; w < keyWarps(); ++w) {
      maxima.push_back(load(partialMaxima(), tileRow + w * kTile));
      best = max(best, maxima.back());
    }
    Scalar sum = b.f32(0), total = b.f32(0);
    for (int64_t w = 0; w < keyWarps(); ++w) {
      Scalar weight = b.exp2((maxima[w] - best) * b.f32(scale()));
      sum = fma(weight, load(partialSums(), tileRow + w * kTile), sum);
      Scalar index = (tileRow + w * numRows()) * shape.headStride + dim;
      total = fma(weight, load(partialResults(), index), total);
    }
    Scalar inGroup = firstHead + tileRow;
    auto store = [&] {
      Scalar column = (kvHead * shape.group + inGroup) * shape.headDim + dim;
      b.storeFloats(result.row(b, row), result.element, column, {total * b.reciprocal(sum)});
    };
    if (shape.group % numRows() == 0)
      store();
    else
      b.ifThen(inGroup < shape.group, store);
  });
}

void DecodeAttentionEmitter::emit() {
  thread = b.threadId();
  warp = thread / kWarpSize;
  keyWarp = warp / config.headSplit(shape);
  laneRow = thread % kWarpSize / 4;
  laneColumn = thread % 4;
  row = b.blockId(0);
  int64_t tiles = llvm::divideCeil(shape.group, kTile);
  kvHead = b.blockId(1) / tiles;
  firstHead = b.blockId(1) % tiles * kTile;
  sequence = b.loadI32(function.pointer(Kind::TokenSeq), row);
  length = b.loadI32(function.pointer(Kind::TokenPos), row) + 1;
  loadQuery();
  writePartial(walkPast());
  b.barrier();
  combine();
}

LogicalResult ptx::emitDecodeAttention(kernel::AttentionOp op, gpu::GPUModuleOp module) {
  FailureOr<DecodeAttentionConfig> config = DecodeAttentionConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  DecodeAttentionEmitter(op, function, *config).emit();
  return success();
}
