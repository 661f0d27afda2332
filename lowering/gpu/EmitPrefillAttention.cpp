//===- EmitPrefillAttention.cpp - many queries, on tensor cores -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes consecutive tokens of one sequence (grid z), and all query heads that share a KV
// head (grid y): these are the rows of its tile, so that keys and values are read once for a group.
// Tiles of keys and values, each within a page, are double buffered in shared memory, as bf16 that
// codes become on their way; scores, weights and results stay in registers (Dao et al. 2022).
// Blocks beyond the end of their sequence leave at once.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/AttentionParts.h"
#include "lowering/gpu/CacheWindow.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/HeadSigns.h"
#include "lowering/gpu/PrefillTiles.h"
#include "lowering/gpu/PrefillUnits.h"
#include "lowering/gpu/SharedTile.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

/// Rows of a warp: an mma tile.
static constexpr int64_t kWarpRows = 16;
/// Up to this head size the query's fragments stay in registers; larger ones are read again for
/// each tile of keys.
static constexpr int64_t kMaxHeldHead = 128;

namespace {

class PrefillAttentionEmitter {
public:
  PrefillAttentionEmitter(kernel::AttentionOp op, KernelFunction &function,
                          PrefillAttentionConfig config)
      : op(op), function(function), b(function.getBuilder()), config(config),
        shape(op, op.getCacheAttr(), op.getHeads()), tile(roundUp(shape.headDim, 64)) {}

  void emit();

private:
  using Fragment = std::array<Value, 4>;
  struct State {
    SmallVector<SoftmaxRow, 2> rows; ///< rows lane / 4 and lane / 4 + 8 of the warp
    SmallVector<MmaSums> result;     ///< a tile for each 8 elements of the head
    SmallVector<Value> flatten() const;
    static State parse(PtxBuilder &b, ValueRange values);
  };

  void emitBlock();
  void stageQuery();
  void copyTile(Value stage, const PrefillTiles::Visit &visit);
  Fragment queryFragment(int64_t chunk);
  SmallVector<MmaSums> score(Value keys);
  State attend(Value stage, const PrefillTiles &tiles, const PrefillTiles::Visit &visit,
               State state);
  void turnBack(State &state, uint32_t seed);
  void store(State &state);
  void copyPart(const CachePool &pool, Kind kind, Scalar page, Scalar firstKey, Scalar isCoded,
                Value target);
  void copyRows(const CachePool &pool, Value block, Scalar firstKey, Value target);
  std::optional<KeyTurn> keyTurn();
  /// Calls `body(row, chunk)` for every 16 bytes of `rows` rows that mma reads.
  void forEachChunk(int64_t rows, llvm::function_ref<void(Scalar, Scalar)> body) {
    forEachPiece(b, thread, threads(), rows, headSteps() * 2, body);
  }

  int64_t threads() const { return config.warps * kWarpSize; }
  /// Steps of 16 elements through a head; the last may be half zeros.
  int64_t headSteps() const { return llvm::divideCeil(shape.headDim, 16); }
  int64_t tileBytes() const { return config.keys * tile.rowBytes(); }
  int64_t stageBase(int64_t stage) const {
    return config.blockRows() * tile.rowBytes() + stage * 2 * tileBytes();
  }
  /// The token, from the sequence's first in this step, and the head in its group of a block's row.
  Scalar tokenOf(Scalar blockRow) { return firstToken + blockRow / shape.group; }

  kernel::AttentionOp op;
  KernelFunction &function;
  PtxBuilder &b;
  PrefillAttentionConfig config;
  AttentionShape shape;
  SharedTile tile;
  Scalar thread, lane, warpRow;
  Scalar kvHead, sequence, sequenceRow, past; ///< sequenceRow: of the sequence's first token
  Scalar firstToken, endToken;                ///< of the block, counted from sequenceRow
  SmallVector<Fragment> heldQuery;
};

} // namespace

SmallVector<Value> PrefillAttentionEmitter::State::flatten() const {
  SmallVector<Value> values;
  for (const SoftmaxRow &row : rows)
    values.append({row.maximum, row.sum});
  for (const MmaSums &sums : result)
    values.append(sums.begin(), sums.end());
  return values;
}

PrefillAttentionEmitter::State PrefillAttentionEmitter::State::parse(PtxBuilder &b,
                                                                     ValueRange values) {
  State state;
  for (size_t i = 0; i < 4; i += 2)
    state.rows.push_back({b.wrap(values[i]), b.wrap(values[i + 1])});
  for (size_t i = 4; i < values.size(); i += 4)
    state.result.push_back({values[i], values[i + 1], values[i + 2], values[i + 3]});
  return state;
}

void PrefillAttentionEmitter::stageQuery() {
  Matrix q = function.activation(op.getQ());
  forEachChunk(config.blockRows(), [&](Scalar row, Scalar chunk) {
    Scalar token = tokenOf(row);
    Value head = b.elementPtr(q.row(b, sequenceRow + token), q.element,
                              (kvHead * shape.group + row % shape.group) * shape.headDim);
    auto *load = shape.keys.inPairs() ? loadQueryPairs : loadQueryChunk;
    SmallVector<Scalar> words =
        load(b, head, chunk * kChunk, shape.headDim, q.access, token < endToken);
    b.storeWords(words, b.bytePtr(b.sharedMemory(), tile.offset(row, chunk)));
  });
}

/// Copies a tile of keys and values into a stage.
void PrefillAttentionEmitter::copyTile(Value stage, const PrefillTiles::Visit &visit) {
  Scalar firstKey = visit.tile * config.keys;
  Scalar page = b.loadI32(function.pointer(Kind::PageTable),
                          sequence * function.number(Kind::MaxPages) + firstKey / kPageTokens);
  copyPart(shape.keys, Kind::KeyCache, page, firstKey, visit.keysCoded, stage);
  copyPart(shape.values, Kind::ValueCache, page, firstKey, visit.valuesCoded,
           b.bytePtr(stage, b.i32(tileBytes())));
}

/// From the pool where `isCoded`, which there is where there is a window, too.
void PrefillAttentionEmitter::copyPart(const CachePool &pool, Kind kind, Scalar page,
                                       Scalar firstKey, Scalar isCoded, Value target) {
  CacheReader reader(b, pool, function.pointer(kind));
  Value block = reader.block(page, kvHead);
  if (pool.isPlain() && !pool.inPairs())
    return copyRows(pool, block, firstKey, target);
  PrefillUnits units(b, tile, thread, threads(), config.keys, headSteps() * 16);
  std::optional<KeyTurn> turn = pool.inPairs() ? keyTurn() : std::nullopt;
  auto decode = [&](const CacheReader &from, const CachePool &which, Value block) {
    units.decode(from, which, block, firstKey, past + endToken, turn, target);
  };
  if (!pool.format.residual)
    return decode(reader, pool, block);
  b.ifElse(
      isCoded, [&] { decode(reader, pool, block); },
      [&] {
        CacheWindow window(function, pool, sequence, kvHead);
        decode(window.getReader(), window.getPool(), window.block(firstKey));
      });
}

std::optional<KeyTurn> PrefillAttentionEmitter::keyTurn() {
  Value bias;
  if (op.getKeyBias())
    bias =
        b.elementPtr(function.vector(op.getKeyBias()).base, b.getF32Type(), kvHead * shape.headDim);
  return KeyTurn(b, shape.keys, function.pointer(Kind::RopeTable), bias);
}

/// Asynchronously; zeros after the block's last token.
void PrefillAttentionEmitter::copyRows(const CachePool &pool, Value block, Scalar firstKey,
                                       Value target) {
  Value source = b.elementPtr(block, b.getBF16Type(), firstKey % kPageTokens * pool.paddedDim());
  forEachChunk(config.keys, [&](Scalar row, Scalar chunk) {
    Scalar inside = firstKey + row < past + endToken;
    if (pool.paddedDim() % 16 != 0)
      inside = inside & (chunk * kChunk < pool.paddedDim());
    Scalar index = row * pool.paddedDim() + chunk * kChunk;
    b.copyAsync(b.bytePtr(target, tile.offset(row, chunk)),
                b.elementPtr(source, b.getBF16Type(), index), select(inside, b.i32(16), b.i32(0)));
  });
}

PrefillAttentionEmitter::Fragment PrefillAttentionEmitter::queryFragment(int64_t step) {
  if (!heldQuery.empty())
    return heldQuery[step];
  return b.loadMatrices(b.bytePtr(b.sharedMemory(), tile.offsetA(lane, warpRow, step * 2)), false);
}

/// Scores of the warp's rows for a tile of keys, 8 keys a tile of sums.
SmallVector<MmaSums> PrefillAttentionEmitter::score(Value keys) {
  Value zero = b.f32(0);
  SmallVector<MmaSums> scores(config.keys / 8, {zero, zero, zero, zero});
  for (int64_t step = 0; step < headSteps(); ++step) {
    Fragment query = queryFragment(step);
    for (int64_t j = 0; j < config.keys / 16; ++j) {
      Fragment pair =
          b.loadMatrices(b.bytePtr(keys, tile.offsetB(lane, b.i32(j * 16), step * 2)), false);
      for (int64_t half = 0; half < 2; ++half)
        scores[2 * j + half] =
            b.mma(query, ArrayRef<Value>(pair).slice(half * 2, 2), scores[2 * j + half]);
    }
  }
  return scores;
}

PrefillAttentionEmitter::State PrefillAttentionEmitter::attend(Value stage,
                                                               const PrefillTiles &tiles,
                                                               const PrefillTiles::Visit &visit,
                                                               State state) {
  SmallVector<MmaSums> scores = score(stage);
  SmallVector<SmallVector<Scalar>> weights; // [half][tile]
  for (int64_t half = 0; half < 2; ++half) {
    // Keys of the tile, from this lane's first on, that the row sees.
    Scalar row = warpRow + lane / 4 + half * 8, laneKey = visit.tile * config.keys + lane % 4 * 2;
    auto [begin, end] = tiles.range(visit, past + tokenOf(row));
    auto isVisible = [&, begin = begin, end = end](int64_t key) {
      if (!shape.hasWindow())
        return max(end, laneKey) - laneKey > key;
      return laneKey - begin + key < end - begin; // below zero is far beyond
    };
    SmallVector<std::pair<Scalar, Scalar>> pairs;
    for (auto [j, sums] : llvm::enumerate(scores)) {
      auto masked = [&](int64_t column) {
        return select(isVisible(int64_t(j * 8 + column)), b.wrap(sums[half * 2 + column]),
                      SoftmaxRow::begin(b).maximum);
      };
      pairs.push_back({masked(0), masked(1)});
    }
    Scalar correction;
    double scale = op.getScale().convertToDouble() * std::numbers::log2e;
    weights.push_back(state.rows[half].update(b, pairs, scale, op.getSoftmaxAttr(), correction));
    for (MmaSums &sums : state.result)
      for (int64_t column = 0; column < 2; ++column)
        sums[half * 2 + column] = b.wrap(sums[half * 2 + column]) * correction;
  }

  Value values = b.bytePtr(stage, b.i32(tileBytes()));
  for (int64_t step = 0; step < config.keys / 16; ++step) {
    Fragment rows = {weights[0][2 * step], weights[1][2 * step], weights[0][2 * step + 1],
                     weights[1][2 * step + 1]};
    for (int64_t j = 0; j < headSteps(); ++j) {
      // Transposed, the tiles of 16 keys and 16 columns are the B operands of two mma.
      Fragment pair =
          b.loadMatrices(b.bytePtr(values, tile.offsetA(lane, b.i32(step * 16), j * 2)), true);
      for (int64_t half = 0; half < 2; ++half)
        state.result[2 * j + half] =
            b.mma(rows, ArrayRef<Value>(pair).slice(half * 2, 2), state.result[2 * j + half]);
    }
  }
  return state;
}

/// `diag(signs) H x / sqrt(n)` of both rows of the lane: tile j has the head's elements 8 j to 8 j
/// + 7, of which a lane of the quad has two.
void PrefillAttentionEmitter::turnBack(State &state, uint32_t seed) {
  HeadSigns signs(b, seed, shape.headDim);
  Scalar factor = b.f32(1 / std::sqrt(double(shape.headDim))), quad = lane % 4;
  for (int64_t first = 0; first < 4; first += 2) {
    auto element = [&](int64_t i) -> Value & { return state.result[i / 2][first + i % 2]; };
    int64_t held = shape.headDim / 4; // elements of a row in one lane
    for (int64_t distance = 1; distance < held; distance *= 2)
      for (int64_t i = 0; i < held; ++i)
        if (!(i & distance)) {
          Scalar low = b.wrap(element(i)), high = b.wrap(element(i + distance));
          element(i) = low + high;
          element(i + distance) = low - high;
        }
    for (int64_t i = 0; i < held; ++i) {
      Scalar value = b.wrap(element(i));
      for (int64_t mask : {1, 2}) {
        Scalar other = b.shuffleXor(value, unsigned(mask));
        value = select((quad & mask) == 0, value + other, other - value);
      }
      element(i) = signs.apply(value * factor, quad * 2 + (i / 2 * 8 + i % 2));
    }
  }
}

void PrefillAttentionEmitter::store(State &state) {
  Matrix result = function.activation(op.getResult());
  if (shape.values.format.hadamard)
    turnBack(state, *shape.values.format.hadamard);
  for (int64_t half = 0; half < 2; ++half) {
    Scalar row = warpRow + lane / 4 + half * 8, token = tokenOf(row);
    Scalar factor = b.reciprocal(b.warpSum(state.rows[half].sum, /*lanes=*/4));
    b.ifThen(token < endToken, [&] {
      Value head = b.elementPtr(result.row(b, sequenceRow + token), result.element,
                                (kvHead * shape.group + row % shape.group) * shape.headDim);
      for (int64_t j = 0; j * 8 < shape.headDim; ++j) {
        Scalar dim = lane % 4 * 2 + j * 8;
        SmallVector<Scalar> pair;
        for (int64_t column = 0; column < 2; ++column)
          pair.push_back(b.wrap(state.result[j][half * 2 + column]) * factor);
        if (shape.headDim % 8 == 0) {
          b.storeFloats(head, result.element, dim, pair);
          continue;
        }
        for (int64_t column = 0; column < 2; ++column)
          b.ifThen(dim + column < shape.headDim,
                   [&] { b.storeFloats(head, result.element, dim + column, {pair[column]}); });
      }
    });
  }
}

void PrefillAttentionEmitter::emitBlock() {
  Value shared = b.sharedMemory();
  Value stage0 = b.bytePtr(shared, b.i32(stageBase(0)));
  PrefillTiles tiles(b, shape, config.keys, past + firstToken, past + endToken - 1);
  copyTile(stage0, tiles.visit(b.i32(0)));
  b.commitCopies();
  stageQuery();
  if (shape.headDim <= kMaxHeldHead) {
    b.barrier();
    for (int64_t step = 0; step < headSteps(); ++step)
      heldQuery.push_back(
          b.loadMatrices(b.bytePtr(shared, tile.offsetA(lane, warpRow, step * 2)), false));
  }
  State state;
  state.rows.assign(2, shape.hasWindow() ? SoftmaxRow::beginUnseen(b) : SoftmaxRow::begin(b));
  Value zero = b.f32(0);
  state.result.assign(headSteps() * 2, {zero, zero, zero, zero});
  SmallVector<Value> last =
      b.forLoop(b.i32(0), tiles.count(), b.i32(1), state.flatten(), [&](Scalar i, ValueRange now) {
        auto stageOf = [&](Scalar index) {
          return b.bytePtr(stage0, index % 2 * (2 * tileBytes()));
        };
        // This tile has arrived, and every warp has left the stage of the tile before.
        b.waitCopies(0);
        b.barrier();
        b.ifThen(i + 1 < tiles.count(), [&] { copyTile(stageOf(i + 1), tiles.visit(i + 1)); });
        b.commitCopies();
        return attend(stageOf(i), tiles, tiles.visit(i), State::parse(b, now)).flatten();
      });
  state = State::parse(b, last);
  store(state);
}

void PrefillAttentionEmitter::emit() {
  thread = b.threadId();
  lane = thread % kWarpSize;
  warpRow = thread / kWarpSize * kWarpRows;
  kvHead = b.blockId(1);
  sequence = b.blockId(2);
  Value starts = function.pointer(Kind::SeqStart);
  sequenceRow = b.loadI32(starts, sequence);
  Scalar tokens = b.loadI32(starts, sequence + 1) - sequenceRow;
  past = b.loadI32(function.pointer(Kind::Past), sequence);
  // Late tokens see the most keys: their blocks start first.
  int64_t blockTokens = config.blockTokens(shape);
  firstToken = (b.gridSizeX() - 1 - b.blockId(0)) * blockTokens;
  endToken = min(firstToken + blockTokens, tokens);
  b.ifThen(firstToken < tokens, [&] { emitBlock(); });
}

LogicalResult ptx::emitPrefillAttention(kernel::AttentionOp op, gpu::GPUModuleOp module) {
  FailureOr<PrefillAttentionConfig> config = PrefillAttentionConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  PrefillAttentionEmitter(op, function, *config).emit();
  return success();
}
