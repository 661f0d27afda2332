//===- EmitScore.cpp - the likeliest token and the sum behind a softmax ---===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes a part of a row and holds it in registers: it finds the maximum and where it is,
// then sums exponentials of the differences to it. Blocks of the same row count themselves, and
// the last one's first warp combines what the others left. Sums are those of a tree from the 16
// numbers of a thread on, so that a sum of 2^17 numbers is rounded 17 times and not 2^17 times.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelFunction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

static constexpr int64_t kVector = 4;
static constexpr int64_t kMaxWarps = 8;
/// "No column": beyond all.
static constexpr int64_t kNone = std::numeric_limits<int32_t>::max();

namespace {

/// The greatest of some logits and the first column that has it; the first that is not finite.
struct Peak {
  Scalar value, column, broken;
};

/// A part of a row, or all of it.
struct Part {
  Peak peak;
  Scalar sum; ///< Of the exponentials of the differences to the peak.
};

class ScoreEmitter {
public:
  ScoreEmitter(kernel::ScoreOp op, KernelFunction &function)
      : op(op), function(function), b(function.getBuilder()),
        columns(cast<RankedTensorType>(op.getLogits().getType()).getDimSize(1)),
        threads(op.getThreads(columns)), warps(threads / kWarpSize), parts(op.getParts(columns)),
        thread(b.threadId()), lane(thread % kWarpSize), warp(thread / kWarpSize),
        row(b.blockId(0)) {}

  void emit();

private:
  struct Logit {
    Scalar value, column;
  };
  SmallVector<Logit> load();
  Peak none() { return {b.f32(-INFINITY), b.i32(kNone), b.i32(kNone)}; }
  Peak better(const Peak &a, const Peak &b);
  Peak peakOf(llvm::ArrayRef<Logit> logits);
  Peak warpPeak(Peak peak);
  Peak blockPeak(const Peak &peak);
  Scalar exponential(Scalar value, const Peak &peak);
  Scalar pairwiseSum(SmallVector<Scalar> terms);
  Scalar blockSum(Scalar sum);

  /// `slot` is one of the four rows of a number for each warp.
  Value shared(int64_t slot) {
    return b.bytePtr(b.sharedMemory(), b.i32(slot * kMaxWarps * int64_t(sizeof(float))));
  }
  Value flag() { return shared(4); }
  void storeI32(Value base, Scalar index, Scalar value) {
    b.store(value, b.elementPtr(base, b.getI32Type(), index), 4);
  }
  Scalar loadFloat(Value base, Scalar index) {
    return b.loadFloats(base, b.getF32Type(), index, 1).front();
  }

  void storePart(const Part &part);
  void ifLastBlock(llvm::function_ref<void()> body);
  Part combine();
  void storeResult(const Part &part);

  kernel::ScoreOp op;
  KernelFunction &function;
  PtxBuilder &b;
  int64_t columns, threads, warps, parts;
  Scalar thread, lane, warp, row;
};

} // namespace

//===----------------------------------------------------------------------===//
// A part
//===----------------------------------------------------------------------===//

SmallVector<ScoreEmitter::Logit> ScoreEmitter::load() {
  Matrix logits = function.activation(op.getLogits());
  Value base = logits.row(b, row);
  constexpr int64_t perThread = kernel::ScoreOp::kPerThread;
  SmallVector<Logit> loaded;
  for (int64_t i = 0; i < perThread / kVector; ++i) {
    Scalar column = (b.blockId(1) * threads * perThread) + (thread + i * threads) * kVector;
    SmallVector<Value> outside(kVector, b.f32(-INFINITY));
    // The padding up to a multiple of 4 may be read, but holds no meaning.
    SmallVector<Value> inRow = b.ifElse(column < columns, outside, [&] {
      SmallVector<Value> values;
      for (auto [j, value] :
           llvm::enumerate(b.loadFloats(base, logits.element, column, kVector, logits.access)))
        values.push_back(columns % kVector == 0
                             ? value
                             : select(column + int64_t(j) < columns, value, b.f32(-INFINITY)));
      return values;
    });
    for (auto [j, value] : llvm::enumerate(inRow))
      loaded.push_back({b.wrap(value), column + int64_t(j)});
  }
  return loaded;
}

/// The order of sampling: the greater, of equal ones that of the smaller column.
Peak ScoreEmitter::better(const Peak &x, const Peak &y) {
  Scalar takesY = (x.value < y.value) | ((x.value == y.value) & (y.column < x.column));
  return {select(takesY, y.value, x.value), select(takesY, y.column, x.column),
          min(x.broken, y.broken)};
}

Peak ScoreEmitter::peakOf(llvm::ArrayRef<Logit> logits) {
  constexpr int64_t exponent = 0x7f800000;
  Peak peak = none();
  for (const Logit &logit : logits) {
    Scalar isBroken = (logit.value.bitcast(b.getI32Type()) & exponent) == exponent;
    isBroken = isBroken & (logit.column < columns);
    Peak single{logit.value, logit.column, select(isBroken, logit.column, b.i32(kNone))};
    peak = better(peak, single);
  }
  return peak;
}

Peak ScoreEmitter::warpPeak(Peak peak) {
  for (unsigned mask = kWarpSize / 2; mask > 0; mask /= 2)
    peak = better(peak, {b.shuffleXor(peak.value, mask), b.shuffleXor(peak.column, mask),
                         b.shuffleXor(peak.broken, mask)});
  return peak;
}

Peak ScoreEmitter::blockPeak(const Peak &peak) {
  Peak ofWarp = warpPeak(peak);
  if (warps == 1)
    return ofWarp;
  b.ifThen(lane == 0, [&] {
    b.storeFloats(shared(0), b.getF32Type(), warp, {ofWarp.value});
    storeI32(shared(1), warp, ofWarp.column);
    storeI32(shared(2), warp, ofWarp.broken);
  });
  b.barrier();
  Peak absent = none();
  SmallVector<Value> ofLane =
      b.ifElse(lane < warps, {absent.value, absent.column, absent.broken}, [&] {
        return SmallVector<Value>{loadFloat(shared(0), lane),
                                  b.loadI32(shared(1), lane, Access::Plain),
                                  b.loadI32(shared(2), lane, Access::Plain)};
      });
  return warpPeak({b.wrap(ofLane[0]), b.wrap(ofLane[1]), b.wrap(ofLane[2])});
}

Scalar ScoreEmitter::exponential(Scalar value, const Peak &peak) {
  return b.exp2((value - peak.value) * b.f32(std::numbers::log2e));
}

Scalar ScoreEmitter::pairwiseSum(SmallVector<Scalar> terms) {
  for (; terms.size() > 1; terms.resize(terms.size() / 2))
    for (size_t i = 0; i < terms.size() / 2; ++i)
      terms[i] = terms[i] + terms[i + terms.size() / 2];
  return terms.front();
}

Scalar ScoreEmitter::blockSum(Scalar sum) {
  Scalar ofWarp = b.warpSum(sum);
  if (warps == 1)
    return ofWarp;
  b.ifThen(lane == 0, [&] { b.storeFloats(shared(3), b.getF32Type(), warp, {ofWarp}); });
  b.barrier();
  Scalar ofLane = b.wrap(b.ifElse(
      lane < warps, {b.f32(0)}, [&] { return SmallVector<Value>{loadFloat(shared(3), lane)}; })[0]);
  return b.warpSum(ofLane);
}

//===----------------------------------------------------------------------===//
// Several parts
//===----------------------------------------------------------------------===//

void ScoreEmitter::storePart(const Part &part) {
  Value partials = function.activation(op.getPartials()).row(b, row);
  b.storeFloats(partials, b.getF32Type(), b.blockId(1) * kernel::ScoreOp::kPartColumns,
                {part.peak.value, part.peak.column.bitcast(b.getF32Type()),
                 part.peak.broken.bitcast(b.getF32Type()), part.sum});
}

void ScoreEmitter::ifLastBlock(llvm::function_ref<void()> body) {
  // One thread stores the part and counts the block.
  Scalar last = b.i32(parts - 1);
  b.ifThen(thread == 0, [&] {
    b.fence();
    Value counter =
        b.elementPtr(function.pointer(Kind::Counters), b.getI32Type(), row * kernel::kCounters);
    // The last one finds `last`, and leaves zero.
    b.store(b.atomicIncrement(counter, last), flag(), 4);
  });
  b.barrier();
  b.ifThen((warp == 0) & (b.loadI32(flag(), b.i32(0), Access::Plain) == last), [&] {
    b.fence();
    body();
  });
}

Part ScoreEmitter::combine() {
  Value partials = function.activation(op.getPartials()).row(b, row);
  SmallVector<Part> ofLane;
  for (int64_t first = 0; first < parts; first += kWarpSize) {
    Scalar part = lane + first;
    Peak absent = none();
    SmallVector<Value> numbers =
        b.ifElse(part < parts, {absent.value, absent.column, absent.broken, b.f32(0)}, [&] {
          SmallVector<Scalar> stored =
              b.loadFloats(partials, b.getF32Type(), part * kernel::ScoreOp::kPartColumns,
                           kernel::ScoreOp::kPartColumns);
          return SmallVector<Value>{stored[0], stored[1].bitcast(b.getI32Type()),
                                    stored[2].bitcast(b.getI32Type()), stored[3]};
        });
    ofLane.push_back(
        {{b.wrap(numbers[0]), b.wrap(numbers[1]), b.wrap(numbers[2])}, b.wrap(numbers[3])});
  }
  Peak peak = none();
  for (const Part &part : ofLane)
    peak = better(peak, part.peak);
  peak = warpPeak(peak);
  Scalar sum = b.f32(0);
  for (const Part &part : ofLane)
    sum = fma(exponential(part.peak.value, peak), part.sum, sum);
  return {peak, b.warpSum(sum)};
}

//===----------------------------------------------------------------------===//
// The result
//===----------------------------------------------------------------------===//

void ScoreEmitter::storeResult(const Part &part) {
  Matrix logits = function.activation(op.getLogits()), result = function.activation(op.getResult());
  auto toFloat = [&](Scalar number) {
    return b.wrap(arith::SIToFPOp::create(b, b.getF32Type(), Value(number)));
  };
  Scalar target = b.loadI32(function.vector(op.getTargets()).base, row);
  Scalar targetLogit =
      b.loadFloats(logits.row(b, row), logits.element, target, 1, logits.access).front();
  Scalar broken = select(part.peak.broken == kNone, b.i32(-1), part.peak.broken);
  Value base = result.row(b, row);
  b.storeFloats(base, result.element, b.i32(0),
                {toFloat(part.peak.column), part.peak.value, part.sum, targetLogit});
  b.storeFloats(base, result.element, b.i32(4), {toFloat(broken)});
  // Without a finite logit there is no peak, but the next step must find a token.
  storeI32(function.pointer(Kind::NextIds), row, min(part.peak.column, b.i32(columns - 1)));
}

void ScoreEmitter::emit() {
  SmallVector<Logit> logits = load();
  Peak peak = blockPeak(peakOf(logits));
  SmallVector<Scalar> terms = llvm::map_to_vector(
      logits, [&](const Logit &logit) { return exponential(logit.value, peak); });
  Part part{peak, blockSum(pairwiseSum(terms))};
  if (parts == 1) {
    b.ifThen(thread == 0, [&] { storeResult(part); });
    return;
  }
  b.ifThen(thread == 0, [&] { storePart(part); });
  ifLastBlock([&] {
    Part whole = combine();
    b.ifThen(lane == 0, [&] { storeResult(whole); });
  });
}

LogicalResult ptx::emitScore(kernel::ScoreOp op, gpu::GPUModuleOp module) {
  KernelFunction function(op, module);
  ScoreEmitter(op, function).emit();
  return success();
}
