//===- PtxBuilder.cpp - threads, control flow and memory ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/PtxBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

Scalar PtxBuilder::i32(int64_t constant) {
  return wrap(arith::ConstantOp::create(*this, getI32IntegerAttr(int32_t(constant))));
}
Scalar PtxBuilder::i64(int64_t constant) {
  return wrap(arith::ConstantOp::create(*this, getI64IntegerAttr(constant)));
}
Scalar PtxBuilder::f32(double constant) {
  return wrap(arith::ConstantOp::create(*this, getF32FloatAttr(float(constant))));
}

Scalar PtxBuilder::threadId() { return wrap(NVVM::ThreadIdXOp::create(*this, getI32Type())); }

Scalar PtxBuilder::blockId(unsigned dimension) {
  switch (dimension) {
  case 0:
    return wrap(NVVM::BlockIdXOp::create(*this, getI32Type()));
  case 1:
    return wrap(NVVM::BlockIdYOp::create(*this, getI32Type()));
  default:
    return wrap(NVVM::BlockIdZOp::create(*this, getI32Type()));
  }
}

Scalar PtxBuilder::gridSizeX() { return wrap(NVVM::GridDimXOp::create(*this, getI32Type())); }

void PtxBuilder::barrier() { gpu::BarrierOp::create(*this); }

SmallVector<Value>
PtxBuilder::forLoop(Scalar begin, Scalar end, Scalar step, ValueRange carried,
                    llvm::function_ref<SmallVector<Value>(Scalar, ValueRange)> body) {
  auto loop = scf::ForOp::create(*this, begin, end, step, carried);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(wrap(loop.getInductionVar()), loop.getRegionIterArgs());
  // Without carried values scf.for already has its terminator.
  if (!carried.empty())
    scf::YieldOp::create(*this, next);
  return llvm::to_vector(llvm::map_range(loop.getResults(), [](Value v) { return v; }));
}

void PtxBuilder::forLoop(Scalar begin, Scalar end, Scalar step,
                         llvm::function_ref<void(Scalar)> body) {
  forLoop(begin, end, step, ValueRange(), [&](Scalar i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

void PtxBuilder::ifThen(Scalar condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  body();
}

void PtxBuilder::ifElse(Scalar condition, llvm::function_ref<void()> body,
                        llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  body();
  setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

SmallVector<Value> PtxBuilder::ifElse(Scalar condition, ValueRange otherwise,
                                      llvm::function_ref<SmallVector<Value>()> body) {
  auto branch = scf::IfOp::create(*this, otherwise.getTypes(), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(*this, body());
  setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(*this, otherwise);
  return llvm::to_vector(llvm::map_range(branch.getResults(), [](Value v) { return v; }));
}

Value PtxBuilder::elementPtr(Value base, Type type, Scalar index) {
  return LLVM::GEPOp::create(*this, base.getType(), type, base, ValueRange{index.toI64()});
}

Value PtxBuilder::bytePtr(Value base, Scalar bytes) { return elementPtr(base, getI8Type(), bytes); }

Value PtxBuilder::load(Type type, Value ptr, unsigned alignment, Access access) {
  return LLVM::LoadOp::create(*this, type, ptr, alignment, /*isVolatile=*/false,
                              /*isNonTemporal=*/false,
                              /*isInvariant=*/access == Access::ReadOnly);
}

void PtxBuilder::store(Value value, Value ptr, unsigned alignment) {
  LLVM::StoreOp::create(*this, value, ptr, alignment);
}

Scalar PtxBuilder::loadI32(Value base, Scalar index, Access access) {
  return wrap(load(getI32Type(), elementPtr(base, getI32Type(), index), 4, access));
}

/// Elements of one access: at most 16 bytes.
static unsigned elementsPerAccess(Type element, unsigned count) {
  return std::min<unsigned>(count, 128 / element.getIntOrFloatBitWidth());
}

SmallVector<Scalar> PtxBuilder::loadFloats(Value base, Type element, Scalar index, unsigned count,
                                           Access access) {
  unsigned step = elementsPerAccess(element, count);
  unsigned bytes = step * element.getIntOrFloatBitWidth() / 8;
  SmallVector<Scalar> floats;
  for (unsigned done = 0; done < count; done += step) {
    Value ptr = elementPtr(base, element, index + int64_t(done));
    if (step == 1) {
      Scalar value = wrap(load(element, ptr, bytes, access));
      if (!element.isF32())
        value = wrap(arith::ExtFOp::create(*this, getF32Type(), Value(value)));
      floats.push_back(value);
      continue;
    }
    // Words, because bf16 needs no conversion instruction: its bits are the upper half of an f32.
    Type type = element.isF32() ? Type(getF32Type()) : Type(getI32Type());
    unsigned words = bytes / 4;
    Value packed = load(words == 1 ? type : VectorType::get(words, type), ptr, bytes, access);
    for (unsigned i = 0; i < words; ++i) {
      Scalar word = wrap(words == 1 ? packed : vector::ExtractOp::create(*this, packed, i));
      if (element.isF32()) {
        floats.push_back(word);
      } else {
        auto [low, high] = unpackHalves(element, word);
        floats.append({low, high});
      }
    }
  }
  return floats;
}

void PtxBuilder::storeFloats(Value base, Type element, Scalar index, ArrayRef<Scalar> values) {
  unsigned step = elementsPerAccess(element, values.size());
  unsigned bytes = step * element.getIntOrFloatBitWidth() / 8;
  for (unsigned done = 0; done < values.size(); done += step) {
    Value ptr = elementPtr(base, element, index + int64_t(done));
    ArrayRef<Scalar> group = values.slice(done, step);
    if (step == 1) {
      Value value = group.front();
      if (!element.isF32())
        value = arith::TruncFOp::create(*this, element, value);
      store(value, ptr, bytes);
      continue;
    }
    SmallVector<Value> words;
    for (unsigned i = 0; i < step; i += element.isF32() ? 1 : 2)
      words.push_back(element.isF32() ? Value(group[i])
                                      : Value(packHalves(element, group[i], group[i + 1])));
    Value packed = words.front();
    if (words.size() > 1)
      packed = vector::FromElementsOp::create(
          *this, VectorType::get(words.size(), packed.getType()), words);
    store(packed, ptr, bytes);
  }
}

void PtxBuilder::storeWords(ArrayRef<Scalar> words, Value ptr) {
  Value packed = vector::FromElementsOp::create(*this, VectorType::get(4, getI32Type()),
                                                llvm::to_vector_of<Value>(words));
  store(packed, ptr, 16);
}

SmallVector<Scalar> PtxBuilder::loadWords(Value ptr, Access access) {
  Value packed = load(VectorType::get(4, getI32Type()), ptr, 16, access);
  SmallVector<Scalar> words;
  for (int64_t i = 0; i < 4; ++i)
    words.push_back(wrap(vector::ExtractOp::create(*this, packed, i)));
  return words;
}
