//===- PanelReader.cpp - rows of packed weights as vectors ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/PanelReader.h"
#include "lowering/cpu/CodeDecoder.h"
#include "lowering/cpu/ParameterReader.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;
static constexpr int64_t kVectors = kPanelWidth / kLanes;
static constexpr int64_t kCacheLine = 64;
/// Steps of k for each turn of a loop.
static constexpr int64_t kTurn = 4;

Values PanelPointers::values() const {
  Values result;
  for (Value value : {weights, scales, zeros})
    if (value)
      result.push_back(value);
  return result;
}

PanelPointers PanelPointers::fromValues(ValueRange values) {
  auto at = [&](size_t i) { return i < values.size() ? values[i] : Value(); };
  return {at(0), at(1), at(2)};
}

PanelReader::PanelReader(CodeBuilder &b, CpuLevel level, const PanelFormat &format,
                         PanelPointers at, int64_t streams, Prefetch prefetch)
    : b(b), level(level), format(format), at(at), streams(streams), prefetch(prefetch) {}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Values PanelReader::forEachK(Value count, int64_t multiple, ValueRange state, Step step) {
  if (format.groups() == 1) {
    loadParameters(b.i64(0));
    return forEachInGroup(b.i64(0), count, multiple, state, step);
  }
  int64_t size = format.groupSize();
  return b.loop(b.i64(0), b.divide(count, size), 1, state, [&](Value group, ValueRange current) {
    loadParameters(group);
    return forEachInGroup(b.multiply(group, size), b.i64(size), size, current, step);
  });
}

/// By whole turns, then what shares a byte, then what is left.
Values PanelReader::forEachInGroup(Value first, Value count, int64_t multiple, ValueRange state,
                                   Step step) {
  Values current(state);
  Value done = b.i64(0);
  for (int64_t steps = kTurn; steps > 0;
       steps = steps > format.depth() ? format.depth() : steps / 2) {
    bool isExact = multiple % steps == 0;
    Value end = isExact ? count : b.subtract(count, b.remainder(count, steps));
    current = b.loop(done, end, steps, current, [&](Value index, ValueRange values) {
      Value k = b.add(first, index);
      if (steps == kTurn)
        requestRows(b.divide(k, format.depth()));
      return takeSteps(k, steps, values, step);
    });
    if (isExact)
      break;
    done = end;
  }
  return current;
}

Values PanelReader::takeSteps(Value k, int64_t steps, ValueRange state, Step step) {
  Values values(state);
  Value firstRow = b.divide(k, format.depth());
  for (int64_t i = 0; i < steps; ++i) {
    Value row = b.add(firstRow, i / format.depth());
    values = step(
        b.add(k, i),
        [&](int64_t stream, int64_t lane) { return load(row, i % format.depth(), stream, lane); },
        values);
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value PanelReader::rowAddress(Value row, int64_t stream) {
  Value offset = b.add(b.multiply(row, format.rowBytes()), stream * format.panelBytes());
  return b.bytes(at.weights, offset);
}

/// Requests the rows of one turn.
void PanelReader::requestRows(Value row) {
  if (prefetch.distance == 0)
    return;
  int64_t turnBytes = kTurn / format.depth() * format.rowBytes();
  for (int64_t stream = 0; stream < streams; ++stream)
    for (int64_t line = 0; line < turnBytes; line += kCacheLine)
      b.prefetch(b.bytes(rowAddress(row, stream), prefetch.distance + line), prefetch.intoL1);
}

void PanelReader::loadParameters(Value group) {
  if (!format.isCodes() || format.scalesSums)
    return;
  scales.clear();
  zeros.clear();
  ParameterReader reader(b, format);
  Value factor = b.splat(CodeDecoder(b, level, format.scheme).factor());
  for (int64_t i = 0; i < streams * kVectors; ++i) {
    auto load = [&](Value first) {
      Value panel = b.bytes(first, i / kVectors * format.parameterBytes());
      return reader.load(panel, group, i % kVectors * kLanes);
    };
    scales.push_back(b.mulf(load(at.scales), factor));
    if (format.hasZeros())
      zeros.push_back(load(at.zeros));
  }
}

Value PanelReader::load(Value row, int64_t half, int64_t stream, int64_t lane) {
  Value address = rowAddress(row, stream);
  if (!format.isCodes())
    return b.loadVector(format.type, b.element(format.type, address, lane));
  CodeDecoder decoder(b, level, format.scheme, format.hasSixBits);
  Value code = decoder.load(b.bytes(address, lane), half);
  if (format.scalesSums)
    return code;
  int64_t i = stream * kVectors + lane / kLanes;
  switch (format.scheme.getZero()) {
  case q::ZeroPoint::None:
    return b.mulf(code, scales[i]);
  case q::ZeroPoint::Integer:
    return b.mulf(b.subf(code, zeros[i]), scales[i]);
  case q::ZeroPoint::Minimum:
    return b.fma(code, scales[i], zeros[i]);
  }
  llvm_unreachable("unknown kind of zero");
}
