//===- KernelBody.cpp - a kernel function while it is emitted -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelBody.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace qopt::cpu;

static func::FuncOp addFunction(CodeBuilder &b, ModuleOp module, StringRef name,
                                TypeRange arguments) {
  b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(b, name, b.getFunctionType(arguments, {}));
  b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

func::FuncOp
EmittedModule::helper(StringRef name, TypeRange arguments, Location loc,
                      llvm::function_ref<void(CodeBuilder &, ValueRange arguments)> build) {
  if (auto existing = module.lookupSymbol<func::FuncOp>(name))
    return existing;
  CodeBuilder b(loc, module.getContext());
  func::FuncOp function = addFunction(b, module, name, arguments);
  function.setPrivate();
  build(b, function.getArguments());
  func::ReturnOp::create(b);
  return function;
}

Value EmittedModule::layerNumber(CodeBuilder &b, bool ofKeys, int64_t index) const {
  Value address = b.element(b.getF32Type(), numbers(ofKeys), index);
  return b.broadcast(b.load(b.getF32Type(), address));
}

Value EmittedModule::table(CodeBuilder &b, StringRef name, ArrayRef<float> entries) {
  auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
  if (!global) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto type = RankedTensorType::get(int64_t(entries.size()), b.getF32Type());
    global = LLVM::GlobalOp::create(b, LLVM::LLVMArrayType::get(b.getF32Type(), entries.size()),
                                    /*isConstant=*/true, LLVM::Linkage::Private, name,
                                    DenseElementsAttr::get(type, entries), /*alignment=*/64);
  }
  return LLVM::AddressOfOp::create(b, global);
}

KernelBody::KernelBody(EmittedModule &target, StringRef name, Location loc)
    : KernelBody(target, name, loc, /*isShared=*/false) {}

KernelBody KernelBody::shared(EmittedModule &target, StringRef name, Location loc) {
  return KernelBody(target, name, loc, /*isShared=*/true);
}

KernelBody::KernelBody(EmittedModule &target, StringRef name, Location loc, bool isShared)
    : target(target), b(loc, target.module.getContext()) {
  SmallVector<Type> arguments = {b.pointerType(), b.getI64Type(), b.getI64Type(), b.pointerType()};
  if (isShared)
    arguments.append(2, b.pointerType());
  function = addFunction(b, target.module, name, arguments);
  if (isShared)
    function.setPrivate();
  target.keyNumbers = isShared ? function.getArgument(4) : Value();
  target.valueNumbers = isShared ? function.getArgument(5) : Value();
  args = function.getArgument(0);
  begin = function.getArgument(1);
  end = function.getArgument(2);
  scratch = function.getArgument(3);
}

Value KernelBody::next(Type type) {
  return b.load(type, b.element(b.getI64Type(), args, argumentsRead++));
}

Value KernelBody::nextPointer() { return next(b.pointerType()); }
Value KernelBody::nextInteger() { return next(b.getI64Type()); }

Value KernelBody::nextRows(std::optional<int64_t> staticRows) {
  Value rows = nextInteger();
  return staticRows ? b.i64(*staticRows) : rows;
}

void KernelBody::call(func::FuncOp code, ValueRange numbers) {
  SmallVector<Value> arguments = {args, begin, end, scratch};
  llvm::append_range(arguments, numbers);
  func::CallOp::create(b, code, arguments);
  func::ReturnOp::create(b);
}

void KernelBody::forEachItem(llvm::function_ref<void(Value)> body) {
  b.loop(begin, end, 1, body);
  func::ReturnOp::create(b);
}

void KernelBody::forEachRow(Value rows, int64_t rowsPerItem, llvm::function_ref<void(Value)> body) {
  forEachItem([&](Value item) {
    Value first = b.multiply(item, rowsPerItem);
    b.loop(first, b.minimum(b.add(first, rowsPerItem), rows), 1, body);
  });
}
