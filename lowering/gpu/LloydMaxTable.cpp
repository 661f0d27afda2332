//===- LloydMaxTable.cpp - optimal points as constants --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/LloydMaxTable.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "runtime/quantization/LloydMax.h"
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

Value LloydMaxTable::constant(StringRef kind, ArrayRef<float> entries) const {
  std::string name = ("lloyd_max" + Twine(bits) + "_" + kind).str();
  auto module = b.getBlock()->getParentOp()->getParentOfType<gpu::GPUModuleOp>();
  if (!module.lookupSymbol(name)) {
    auto builder = ImplicitLocOpBuilder::atBlockBegin(module.getLoc(), module.getBody());
    auto type = RankedTensorType::get({int64_t(entries.size())}, b.getF32Type());
    LLVM::GlobalOp::create(builder, LLVM::LLVMArrayType::get(b.getF32Type(), entries.size()),
                           /*isConstant=*/true, LLVM::Linkage::Internal, name,
                           DenseElementsAttr::get(type, entries), /*alignment=*/16,
                           /*addrSpace=*/1);
  }
  return LLVM::AddressOfOp::create(b, LLVM::LLVMPointerType::get(b.getContext(), 1), name);
}

static Scalar lookUp(PtxBuilder &b, Value table, Scalar index) {
  return b.loadFloats(table, b.getF32Type(), index, 1, Access::ReadOnly).front();
}

Scalar LloydMaxTable::point(Scalar code) const {
  std::vector<double> points = lloydMaxPoints(bits);
  return lookUp(b, constant("points", SmallVector<float>(points.begin(), points.end())), code);
}

Scalar LloydMaxTable::nearest(Scalar x) const {
  std::vector<double> points = lloydMaxPoints(bits);
  int64_t half = int64_t(points.size()) / 2;
  SmallVector<float> borders;
  for (int64_t i = half; i + 1 < 2 * half; ++i)
    borders.push_back((float(points[i]) + float(points[i + 1])) / 2);
  borders.push_back(std::numeric_limits<float>::infinity());
  Value table = constant("borders", borders);
  // Borders below the magnitude are counted by halving.
  Scalar magnitude = max(x, b.f32(0) - x), index = b.i32(0);
  for (int64_t step = half / 2; step > 0; step /= 2)
    index = select(lookUp(b, table, index + (step - 1)) < magnitude, index + step, index);
  return select(x < b.f32(0), b.i32(half - 1) - index, index + half);
}
