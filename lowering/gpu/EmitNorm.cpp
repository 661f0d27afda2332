//===- EmitNorm.cpp - RMS and layer norm, with the residual sum -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block normalizes one row, which its threads keep in registers between the reduction and the
// result: the row is read once. The variance of a layer norm is summed around the mean, in a second
// reduction, because the difference of two large sums would lose it.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/KernelFunction.h"
#include "lowering/gpu/RowQuantizer.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

/// Elements of one 128-bit load of f32.
static constexpr int64_t kVector = 4;

namespace {

class NormEmitter {
public:
  NormEmitter(kernel::NormOp op, KernelFunction &function, int64_t threads)
      : op(op), function(function), b(function.getBuilder()), threads(threads),
        columns(cast<RankedTensorType>(op.getX().getType()).getDimSize(1)), thread(b.threadId()),
        row(b.blockId(0)) {}

  void emit();

private:
  /// Calls `body(i, column)` for each of the thread's vectors, where they are in the row.
  void forEachVector(llvm::function_ref<void(size_t, Scalar)> body);
  /// Elements of `matrix`'s row at `column`; zero beyond the row.
  SmallVector<Scalar> loadRow(const Matrix &matrix, Scalar column);
  Scalar mean(Scalar partial, int64_t slot);
  void quantize(llvm::function_ref<SmallVector<Scalar>(size_t, Scalar)> finish);

  kernel::NormOp op;
  KernelFunction &function;
  PtxBuilder &b;
  int64_t threads, columns;
  Scalar thread, row;
};

} // namespace

/// Whether vector `i` of every thread lies within the row.
static bool isFull(size_t i, int64_t threads, int64_t columns) {
  return int64_t(i + 1) * threads * kVector <= columns;
}

SmallVector<Scalar> NormEmitter::loadRow(const Matrix &matrix, Scalar column) {
  SmallVector<Scalar> values =
      b.loadFloats(matrix.row(b, row), matrix.element, column, kVector, matrix.access);
  if (columns % kVector != 0) // the padding of a row holds no meaning
    for (auto [i, value] : llvm::enumerate(values))
      value = select(column + int64_t(i) < columns, value, b.f32(0));
  return values;
}

void NormEmitter::forEachVector(llvm::function_ref<void(size_t, Scalar)> body) {
  for (size_t i = 0; int64_t(i) * threads * kVector < columns; ++i) {
    Scalar column = (thread + int64_t(i) * threads) * kVector;
    if (isFull(i, threads, columns))
      body(i, column);
    else
      b.ifThen(column < columns, [&] { body(i, column); });
  }
}

/// The mean over the row of the threads' partial sums, in every thread. `slot` tells one
/// reduction's shared memory from the other's.
Scalar NormEmitter::mean(Scalar partial, int64_t slot) {
  Scalar sum = b.warpSum(partial);
  if (threads > kWarpSize) {
    int64_t warps = threads / kWarpSize;
    Value sums = b.bytePtr(b.sharedMemory(), b.i32(slot * 32 * int64_t(sizeof(float))));
    Scalar lane = thread % kWarpSize;
    b.ifThen(lane == 0, [&] { b.storeFloats(sums, b.getF32Type(), thread / kWarpSize, {sum}); });
    b.barrier();
    // Every warp adds the same sums in the same order.
    Scalar other = b.wrap(b.ifElse(lane < warps, {b.f32(0)}, [&] {
      return SmallVector<Value>{b.loadFloats(sums, b.getF32Type(), lane, 1).front()};
    })[0]);
    sum = b.warpSum(other);
  }
  return sum * b.f32(1.0 / double(columns));
}

void NormEmitter::emit() {
  Matrix x = function.activation(op.getX());

  SmallVector<SmallVector<Scalar>> values;
  for (size_t i = 0; int64_t(i) * threads * kVector < columns; ++i) {
    Scalar column = (thread + int64_t(i) * threads) * kVector;
    auto read = [&] {
      SmallVector<Scalar> vector = loadRow(x, column);
      if (op.getResidual()) {
        SmallVector<Scalar> addend = loadRow(function.activation(op.getResidual()), column);
        for (auto [value, other] : llvm::zip_equal(vector, addend))
          value = value + other;
        Matrix sum = function.activation(op.getSum());
        b.storeFloats(sum.row(b, row), sum.element, column, vector);
      }
      return vector;
    };
    if (isFull(i, threads, columns)) {
      values.push_back(read());
      continue;
    }
    SmallVector<Value> guarded = b.ifElse(column < columns, SmallVector<Value>(kVector, b.f32(0)),
                                          [&] { return llvm::to_vector_of<Value>(read()); });
    values.push_back(llvm::map_to_vector(guarded, [&](Value v) { return b.wrap(v); }));
  }

  Scalar center;
  if (op.getKind() == kernel::NormKind::Layer) {
    Scalar sum = b.f32(0);
    for (ArrayRef<Scalar> vector : values)
      for (Scalar value : vector)
        sum = sum + value;
    center = mean(sum, /*slot=*/0);
  }
  Scalar squares = b.f32(0);
  for (auto [i, vector] : llvm::enumerate(values))
    for (auto [j, value] : llvm::enumerate(vector)) {
      Scalar square = value;
      if (center) {
        value = value - center;
        Scalar column = (thread + int64_t(i) * threads) * kVector + int64_t(j);
        bool inside = isFull(i, threads, columns);
        square = inside ? value : select(column < columns, value, b.f32(0));
      }
      squares = fma(square, square, squares);
    }
  Scalar scale = b.reciprocalSqrt(mean(squares, /*slot=*/1) + b.f32(op.getEps().convertToDouble()));

  auto finish = [&](size_t i, Scalar column) {
    auto parameters = [&](Value parameter) {
      Matrix vector = function.vector(parameter);
      return b.loadFloats(vector.base, vector.element, column, kVector, vector.access);
    };
    SmallVector<Scalar> scaled, weights = parameters(op.getWeight()), biases;
    if (op.getBias())
      biases = parameters(op.getBias());
    for (int64_t j = 0; j < kVector; ++j) {
      Scalar normal = values[i][j] * scale;
      scaled.push_back(op.getBias() ? fma(normal, weights[j], biases[j]) : normal * weights[j]);
    }
    return scaled;
  };
  if (op.getResultScheme()) {
    quantize(finish);
    return;
  }
  Matrix result = function.activation(op.getResult());
  forEachVector([&](size_t i, Scalar column) {
    b.storeFloats(result.row(b, row), result.element, column, finish(i, column));
  });
}

/// Stores the codes of the elements that `finish` computes.
void NormEmitter::quantize(llvm::function_ref<SmallVector<Scalar>(size_t, Scalar)> finish) {
  SmallVector<SmallVector<Scalar>> normals;
  for (size_t i = 0; int64_t(i) * threads * kVector < columns; ++i) {
    Scalar column = (thread + int64_t(i) * threads) * kVector;
    SmallVector<Value> inRow =
        b.ifElse(column < columns, SmallVector<Value>(kVector, b.f32(0)), [&] {
          SmallVector<Value> elements;
          for (auto [j, value] : llvm::enumerate(finish(i, column)))
            elements.push_back(select(column + int64_t(j) < columns, value, b.f32(0)));
          return elements;
        });
    normals.push_back(llvm::map_to_vector(inRow, [&](Value v) { return b.wrap(v); }));
  }
  RowQuantizer quantizer(function, *op.getResultScheme(), op.getResult(), op.getScales(),
                         op.getScale());
  quantizer.begin(normals, row, threads, b.bytePtr(b.sharedMemory(), b.i32(kNormSharedBytes)));
  forEachVector([&](size_t i, Scalar column) { quantizer.store(i, row, column, normals[i]); });
}

LogicalResult ptx::emitNorm(kernel::NormOp op, gpu::GPUModuleOp module) {
  FailureOr<RowConfig> config = RowConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  NormEmitter(op, function, config->threads).emit();
  return success();
}
