//===- PlanBuffers.cpp - results share slots of an arena by liveness ------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/Passes.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>

namespace qopt {
#define GEN_PASS_DEF_PLANBUFFERS
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Operands that `result` may overwrite: each of their elements is read only to compute the element
/// of the result in the same place, by whoever computes that.
static SmallVector<Value> getOverwritable(Operation *op, Value result) {
  SmallVector<Value> operands;
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](MatmulOp op) { llvm::append_range(operands, op.getExtras()); })
      .Case([&](MapOp op) {
        for (auto [input, offset] : llvm::zip_equal(op.getInputs(), op.getOffsets()))
          if (offset == 0)
            operands.push_back(input);
      })
      .Case([&](NormOp op) {
        if (result == op.getSum())
          operands.append({op.getX(), op.getResidual()});
      });
  llvm::erase_if(operands, [&](Value operand) {
    return operand.getType() != result.getType() || llvm::count(op->getOperands(), operand) > 1;
  });
  return operands;
}

namespace {

/// Sizes of a result or slot: `bytesPerRow * rows + bytes`.
struct Size {
  int64_t bytesPerRow = 0;
  int64_t bytes = 0;

  bool holds(Size other) const { return bytesPerRow >= other.bytesPerRow && bytes >= other.bytes; }
  void growTo(Size other) {
    bytesPerRow = std::max(bytesPerRow, other.bytesPerRow);
    bytes = std::max(bytes, other.bytes);
  }
  /// How much larger than `other`, by rows first.
  std::pair<int64_t, int64_t> excessOver(Size other) const {
    return {std::abs(bytesPerRow - other.bytesPerRow), std::abs(bytes - other.bytes)};
  }
};

/// The slots of one function while its ops are visited in order.
class Arena {
public:
  /// The closest free slot that is large enough, or else the closest, grown, or else a new one.
  int64_t allocate(Size size) {
    std::optional<int64_t> best;
    for (auto [i, slot] : llvm::enumerate(slots)) {
      if (!slot.isFree)
        continue;
      auto rank = [&](const Slot &candidate) {
        return std::pair(!candidate.size.holds(size), candidate.size.excessOver(size));
      };
      if (!best || rank(slot) < rank(slots[*best]))
        best = i;
    }
    if (!best) {
      best = slots.size();
      slots.emplace_back();
    }
    slots[*best].size.growTo(size);
    slots[*best].isFree = false;
    return *best;
  }

  void free(int64_t slot) { slots[slot].isFree = true; }

  size_t size() const { return slots.size(); }

  ArrayAttr toAttribute(Builder &builder) const {
    SmallVector<Attribute> attributes;
    for (const Slot &slot : slots)
      attributes.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("bytes", builder.getI64IntegerAttr(slot.size.bytes)),
           builder.getNamedAttr("bytes_per_row",
                                builder.getI64IntegerAttr(slot.size.bytesPerRow))}));
    return builder.getArrayAttr(attributes);
  }

private:
  struct Slot {
    Size size;
    bool isFree = false;
  };
  SmallVector<Slot> slots;
};

class PlanBuffersPass : public qopt::impl::PlanBuffersBase<PlanBuffersPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isKernelFunction(function) || function->hasAttr(kSlotsAttr))
      return;
    if (function.getNumResults() != 1 || !isa<RankedTensorType>(function.getResultTypes()[0])) {
      function.emitOpError("must return one activation");
      return signalPassFailure();
    }
    Arena arena;
    DenseMap<Value, int64_t> slotOf;
    for (auto op : function.front().getOps<LaunchOpInterface>()) {
      SmallVector<int64_t> slots;
      for (Value result : op->getResults())
        slots.push_back(slotOf[result] = place(result, op, arena, slotOf));
      op.setSlotsAttr(DenseI64ArrayAttr::get(&getContext(), slots));
      for (Value operand : llvm::SmallDenseSet<Value>(op->operand_begin(), op->operand_end()))
        if (auto it = slotOf.find(operand); it != slotOf.end() && diesAt(operand, op)) {
          arena.free(it->second);
          slotOf.erase(it);
        }
      for (Value result : op->getResults())
        if (result.use_empty())
          arena.free(slotOf.lookup(result));
    }
    Builder builder(&getContext());
    function->setAttr(kSlotsAttr, arena.toAttribute(builder));
    numSlots += arena.size();
  }

  /// Takes over the slot of an operand that dies, or a free one.
  int64_t place(Value result, Operation *op, Arena &arena, DenseMap<Value, int64_t> &slotOf) {
    ++numValues;
    for (Value operand : getOverwritable(op, result))
      if (auto it = slotOf.find(operand); it != slotOf.end() && diesAt(operand, op)) {
        int64_t slot = it->second;
        slotOf.erase(it);
        ++numInPlace;
        return slot;
      }
    return arena.allocate(sizeOf(result));
  }

  static bool diesAt(Value value, Operation *op) {
    return llvm::all_of(value.getUsers(),
                        [&](Operation *user) { return user == op || user->isBeforeInBlock(op); });
  }

  /// All results have the rows of the function's own result, or a static number.
  Size sizeOf(Value value) {
    RankedTensorType type = typeOf(value);
    int64_t rowBytes = llvm::alignTo(type.getDimSize(1), kRowAlignment) *
                       llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    auto rowsOfFunction = cast<RankedTensorType>(getOperation().getResultTypes()[0]).getDimSize(0);
    if (type.getDimSize(0) == rowsOfFunction)
      return {rowBytes, 0};
    return {0, rowBytes * type.getDimSize(0)};
  }
};

} // namespace
