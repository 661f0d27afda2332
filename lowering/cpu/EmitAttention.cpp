//===- EmitAttention.cpp - attention over the paged cache --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/AttentionPage.h"
#include "lowering/cpu/HeadRotation.h"
#include "lowering/cpu/KernelEmitters.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

namespace {

/// One kernel.attention. An item is a block of rows times query heads of one KV head; its rows are
/// taken by runs of one sequence, and a run visits its sequence's pages in order. What is computed
/// for a row and head, and in which order, does not depend on the rows beside it.
class AttentionEmitter {
public:
  AttentionEmitter(kernel::AttentionOp op, const AttentionGeometry &geometry, KernelBody &body)
      : op(op), geometry(geometry), body(body), b(body.b), f32(b.getF32Type()),
        page(geometry, body) {}

  void emit();

private:
  /// Rows of one sequence.
  struct Run {
    Value sequence, firstRow, endRow, kvHead, firstHead;
  };
  void emitItem(Value item);
  void emitRun(const Run &run);
  void forEachQuery(const Run &run, llvm::function_ref<void(Value query, Value head)> body);
  void loadQuery(Value query, Value head);
  void storeOutput(Value query, Value head);

  kernel::AttentionOp op;
  const AttentionGeometry &geometry;
  KernelBody &body;
  CodeBuilder &b;
  Type f32;
  AttentionPage page;
  Value q, keyBias, result, keyPool, valuePool, keyWindow, valueWindow, slots, ropeTable, seqStart,
      tokenSeq, tokenPos, pageTable, maxPages, rows;
};

} // namespace

void AttentionEmitter::emit() {
  q = body.nextPointer();
  if (op.getKeyBias())
    keyBias = body.nextPointer();
  result = body.nextPointer();
  keyPool = body.nextPointer();
  valuePool = body.nextPointer();
  if (geometry.cache.keys.format.residual)
    keyWindow = body.nextPointer();
  if (geometry.cache.values.format.residual)
    valueWindow = body.nextPointer();
  if (geometry.cache.hasWindow())
    slots = body.nextPointer();
  if (op.getRope())
    ropeTable = body.nextPointer();
  seqStart = body.nextPointer();
  body.nextPointer(); // past: positions say the same
  tokenSeq = body.nextPointer();
  tokenPos = body.nextPointer();
  pageTable = body.nextPointer();
  maxPages = body.nextInteger();
  rows = body.nextRows(geometry.staticRows);
  body.forEachItem([&](Value item) { emitItem(item); });
}

void AttentionEmitter::emitItem(Value item) {
  int64_t columns = geometry.cache.kvHeads() * geometry.splits();
  Value column = b.remainder(item, columns), block = b.divide(item, columns);
  Value firstRow = b.multiply(block, geometry.rowsPerItem());
  Value endRow = b.minimum(b.add(firstRow, geometry.rowsPerItem()), rows);
  b.loop(firstRow, endRow, 1, [&](Value row) {
    // A run starts where the sequence changes, and ends with it or with the block.
    Value sequence = b.loadIndex(tokenSeq, row);
    Value start = b.maximum(b.loadIndex(seqStart, sequence), firstRow);
    b.when(b.isEqual(row, start), [&] {
      Value end = b.minimum(b.loadIndex(seqStart, b.add(sequence, 1)), endRow);
      emitRun({sequence, row, end, b.divide(column, geometry.splits()),
               b.multiply(column, geometry.config.heads)});
    });
  });
}

void AttentionEmitter::emitRun(const Run &run) {
  forEachQuery(run, [&](Value query, Value head) { loadQuery(query, head); });

  // Positions of a run follow each other.
  Value firstPosition = b.loadIndex(tokenPos, run.firstRow);
  Value rowCount = b.subtract(run.endRow, run.firstRow);
  Value tokens = b.add(firstPosition, rowCount);
  Value pages = b.divide(b.add(tokens, kPageTokens - 1), kPageTokens);
  Value table = b.element(b.getI32Type(), pageTable, b.multiply(run.sequence, maxPages));
  b.loop(b.i64(0), pages, 1, [&](Value index) {
    AttentionPage::Blocks blocks;
    Value number = b.loadIndex(table, index);
    Value last = b.subtract(pages, b.i64(1));
    Value nextNumber = b.loadIndex(table, b.minimum(b.add(index, 1), last));
    blocks.keys = geometry.cache.keys.block(b, keyPool, number, run.kvHead);
    blocks.values = geometry.cache.values.block(b, valuePool, number, run.kvHead);
    blocks.nextKeys = geometry.cache.keys.block(b, keyPool, nextNumber, run.kvHead);
    Value firstToken = b.multiply(index, kPageTokens);
    blocks.firstToken = firstToken;
    blocks.firstPosition = firstPosition;
    int64_t headDim = geometry.cache.headDim();
    if (ropeTable)
      blocks.angles = b.element(f32, ropeTable, b.multiply(firstToken, headDim));
    if (keyBias)
      blocks.keyBias = b.element(geometry.keyBias, keyBias, b.multiply(run.kvHead, headDim));
    auto windowBlock = [&](const CachePool &pool, Value window) {
      Value slot = b.multiply(b.loadIndex(slots, run.sequence), 2);
      return pool.window().block(b, window, b.add(slot, b.remainder(index, 2)), run.kvHead);
    };
    if (keyWindow)
      blocks.keyWindow = windowBlock(geometry.cache.keys, keyWindow);
    if (valueWindow)
      blocks.valueWindow = windowBlock(geometry.cache.values, valueWindow);
    blocks.tokens = b.minimum(b.subtract(tokens, firstToken), b.i64(kPageTokens));
    // Rows before the page's first token do not see it.
    blocks.firstRow = b.maximum(b.subtract(firstToken, firstPosition), b.i64(0));
    blocks.rows = rowCount;
    page.emit(blocks);
  });

  forEachQuery(run, [&](Value query, Value head) { storeOutput(query, head); });
}

/// Visits the queries of a run, with the head's elements in a row of q or of the result.
void AttentionEmitter::forEachQuery(const Run &run,
                                    llvm::function_ref<void(Value query, Value head)> body) {
  b.loop(run.firstRow, run.endRow, 1, [&](Value row) {
    Value firstQuery = b.multiply(b.subtract(row, run.firstRow), geometry.config.heads);
    int64_t stride = rowStride(geometry.heads * geometry.cache.headDim());
    b.loop(b.i64(0), b.i64(geometry.config.heads), 1, [&](Value i) {
      Value column = b.multiply(b.add(run.firstHead, i), geometry.cache.headDim());
      body(page.query(b.add(firstQuery, i)), b.add(b.multiply(row, stride), column));
    });
  });
}

void AttentionEmitter::loadQuery(Value query, Value head) {
  Value scale = b.splat(op.getScale().convertToDouble());
  b.columns(geometry.cache.headDim(), [&](Value column, int64_t lanes) {
    Value vector = b.loadVector(f32, b.element(f32, q, b.add(head, column)), lanes);
    b.storeVector(b.mulf(vector, scale), b.element(f32, query, column));
  });
  // Scores of rotated keys are those of the rotated query; a KeyTile rotates them back.
  if (std::optional<uint32_t> seed = geometry.cache.keys.format.hadamard; seed && !op.getRope())
    emitRotation(b, query, geometry.cache.headDim(), *seed);
  page.start(query);
}

void AttentionEmitter::storeOutput(Value query, Value head) {
  Value sum = b.loadVector(f32, b.element(f32, query, geometry.sumOffset()));
  Value output = b.element(f32, query, geometry.outputOffset());
  if (std::optional<uint32_t> seed = geometry.cache.values.format.hadamard)
    emitRotationBack(b, output, geometry.cache.headDim(), *seed);
  b.columns(geometry.cache.headDim(), [&](Value column, int64_t lanes) {
    Value vector = b.divf(b.loadVector(f32, b.element(f32, output, column)), sum);
    b.storeVector(vector, b.element(f32, result, b.add(head, column)), lanes);
  });
}

LogicalResult cpu::emitKernel(kernel::AttentionOp op, KernelBody &body) {
  FailureOr<AttentionConfig> config = readConfig<AttentionConfig>(op);
  if (failed(config))
    return failure();
  FailureOr<AttentionGeometry> geometry = AttentionGeometry::get(op, *config);
  if (failed(geometry))
    return failure();
  AttentionEmitter(op, *geometry, body).emit();
  return success();
}
