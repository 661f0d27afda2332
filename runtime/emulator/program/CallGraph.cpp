//===- CallGraph.cpp - the functions that a kernel calls ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/program/CallGraph.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;
using ptx::Operand;

const ptx::Function &emulator::findCallee(const ptx::Module &module, const ptx::Instruction &call) {
  for (const Operand &operand : call.operands) {
    if (operand.kind == Operand::Kind::List)
      continue;
    auto found = module.functions.find(operand.name);
    if (operand.kind != Operand::Kind::Name || found == module.functions.end())
      break;
    if (!found->second.isDefined || found->second.isEntry)
      fail("{}:{}: {} calls {}, which has no body in this module", module.fileName, call.line,
           ptx::quoteInstruction(call), quote(operand.name));
    return found->second;
  }
  fail("{}:{}: {} calls no function of this module", module.fileName, call.line,
       ptx::quoteInstruction(call));
}

namespace {

class CallGraph {
public:
  explicit CallGraph(const ptx::Module &module) : module(module) {}

  void visit(const ptx::Function &function);
  std::vector<const ptx::Function *> order;

private:
  static constexpr size_t kMaxDepth = 64;
  const ptx::Module &module;
  std::vector<const ptx::Function *> path;
};

} // namespace

void CallGraph::visit(const ptx::Function &function) {
  if (std::find(order.begin(), order.end(), &function) != order.end())
    return;
  bool isRecursive = std::find(path.begin(), path.end(), &function) != path.end();
  if (isRecursive || path.size() >= kMaxDepth)
    fail("{}:{}: function {} {}", module.fileName, function.line, quote(function.name),
         isRecursive ? "is recursive, which the emulator does not support"
                     : "is called through too many others");
  path.push_back(&function);
  for (const ptx::Instruction &instruction : function.body)
    if (instruction.opcode == "call")
      visit(findCallee(module, instruction));
  path.pop_back();
  order.push_back(&function);
}

std::vector<const ptx::Function *> emulator::collectFunctions(const ptx::Module &module,
                                                              const ptx::Function &kernel) {
  CallGraph graph(module);
  graph.visit(kernel);
  return std::move(graph.order);
}
