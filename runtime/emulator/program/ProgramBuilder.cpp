//===- ProgramBuilder.cpp - from parsed PTX to a Program ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/program/ProgramBuilder.h"

#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/program/Assignment.h"
#include "runtime/emulator/program/CallGraph.h"
#include "runtime/emulator/program/Tracking.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;
using ptx::Operand;
using ptx::Space;

namespace {

class ProgramBuilder {
public:
  ProgramBuilder(std::shared_ptr<const ptx::Module> module, const ptx::Function &kernel,
                 const GlobalAddresses &globals);

  std::shared_ptr<const Program> build();

private:
  void layOutShared();
  void addSharedOperand(const Operand &operand, uint64_t &dynamicAlignment);
  void decode(const ptx::Function &function);
  void place(const FunctionCode &code);
  uint32_t append(const Operation &operation, const Instruction &instruction);
  void trackUses(const Operation &operation, const FunctionCode &code,
                 const std::vector<RegisterIndex> &uncertain);
  void trackDefinitions(const Operation &operation);
  void resolveTargets();
  void prepareAccesses();

  std::shared_ptr<Program> program = std::make_shared<Program>();
  Symbols symbols;
  std::vector<const ptx::Function *> functions; ///< callees before callers
  std::vector<FunctionCode> codes;

  // While placing: what refers to instructions that are not placed yet.
  std::vector<size_t> firstOperand;                ///< in program->operands, of each instruction
  std::vector<std::vector<uint32_t>> placedBodies; ///< of each function: where its body lies
  struct Reference {
    uint32_t instruction;
    uint32_t function;
    const Operation *operation;
  };
  std::vector<Reference> references;
  std::map<RegisterIndex, uint32_t> tracked; ///< indices in program->trackedRegisters
};

} // namespace

ProgramBuilder::ProgramBuilder(std::shared_ptr<const ptx::Module> module,
                               const ptx::Function &kernel, const GlobalAddresses &globals)
    : symbols(*program, globals), functions(collectFunctions(*module, kernel)) {
  program->module = std::move(module);
  program->kernel = &kernel;
}

void ProgramBuilder::addSharedOperand(const Operand &operand, uint64_t &dynamicAlignment) {
  for (const Operand &element : operand.elements)
    addSharedOperand(element, dynamicAlignment);
  if (operand.kind != Operand::Kind::Variable || operand.variable->space != Space::Shared)
    return;
  if (operand.variable->isUnsized)
    dynamicAlignment = std::max(dynamicAlignment, operand.variable->alignment);
  else
    symbols.addShared(*operand.variable);
}

/// A kernel has the shared variables that it and its functions name.
void ProgramBuilder::layOutShared() {
  uint64_t dynamicAlignment = 16;
  for (const ptx::Function *function : functions)
    for (const ptx::Instruction &instruction : function->body)
      for (const Operand &operand : instruction.operands)
        addSharedOperand(operand, dynamicAlignment);
  symbols.addDynamicShared(dynamicAlignment);
}

void ProgramBuilder::decode(const ptx::Function &function) {
  codes.push_back({&function, {}, {}, symbols.numRegisters()});
  FunctionCode &code = codes.back();
  for (Type type : function.registers)
    symbols.addRegister(type);
  program->registerCount += uint32_t(function.registers.size());
  for (const ptx::Instruction &instruction : function.body) {
    code.bodyStart.push_back(uint32_t(code.operations.size()));
    Decoding(*program->module, code, symbols, instruction).run();
  }
  // Control that reaches the end leaves.
  code.bodyStart.push_back(uint32_t(code.operations.size()));
  Operation end;
  end.instruction.guard = symbols.always();
  end.instruction.flow = function.isEntry ? Flow::Exit : Flow::Return;
  end.instruction.isFirst = false;
  end.instruction.origin = function.body.empty() ? nullptr : &function.body.back();
  if (!function.isEntry)
    end.operands = {symbols.returnAddress(function)};
  code.operations.push_back(std::move(end));
}

uint32_t ProgramBuilder::append(const Operation &operation, const Instruction &instruction) {
  firstOperand.push_back(program->operands.size());
  program->operands.insert(program->operands.end(), operation.operands.begin(),
                           operation.operands.end());
  program->code.push_back(instruction);
  return uint32_t(program->code.size() - 1);
}

/// Before an operation: checks of the registers that it may read too early.
void ProgramBuilder::trackUses(const Operation &operation, const FunctionCode &code,
                               const std::vector<RegisterIndex> &uncertain) {
  for (RegisterIndex use : uncertain) {
    uint32_t index = tracked.at(use);
    Operation check;
    check.operands = {program->trackedRegisters[index].written};
    check.instruction = makeReadCheck(operation.instruction, index);
    bool isGuard = operation.isGuarded && symbols.registerSlot(use) == operation.instruction.guard;
    if (isGuard) {
      check.instruction.guard = symbols.always();
      check.instruction.guardFlip = 0;
    }
    append(check, check.instruction);
  }
}

void ProgramBuilder::trackDefinitions(const Operation &operation) {
  for (RegisterIndex definition : operation.definitions) {
    auto found = tracked.find(definition);
    if (found == tracked.end())
      continue;
    Operation mark;
    mark.operands = {program->trackedRegisters[found->second].written};
    mark.instruction = makeWriteMark(operation.instruction);
    append(mark, mark.instruction);
  }
}

void ProgramBuilder::place(const FunctionCode &code) {
  uint32_t numRegisters = uint32_t(code.function->registers.size());
  std::vector<std::vector<RegisterIndex>> uncertain = findUncertainUses(code, numRegisters);
  for (const std::vector<RegisterIndex> &uses : uncertain) {
    for (RegisterIndex use : uses) {
      if (!tracked.try_emplace(use, uint32_t(program->trackedRegisters.size())).second)
        continue;
      program->trackedRegisters.push_back(
          {symbols.addSlot(1), code.function->registerName(use - code.firstRegister)});
    }
  }

  uint32_t function = uint32_t(placedBodies.size());
  std::vector<uint32_t> starts;
  for (size_t i = 0; i < code.operations.size(); ++i) {
    const Operation &operation = code.operations[i];
    starts.push_back(uint32_t(program->code.size()));
    trackUses(operation, code, uncertain[i]);
    trackDefinitions(operation);
    uint32_t index = append(operation, operation.instruction);
    Flow flow = operation.instruction.flow;
    if (flow == Flow::Branch || flow == Flow::IndirectBranch || flow == Flow::Call)
      references.push_back({index, function, &operation});
  }
  std::vector<uint32_t> &body = placedBodies.emplace_back();
  for (uint32_t start : code.bodyStart)
    body.push_back(starts[start]);
}

void ProgramBuilder::resolveTargets() {
  for (size_t i = 0; i < program->code.size(); ++i)
    program->code[i].operands = program->operands.data() + firstOperand[i];
  for (const Reference &reference : references) {
    Instruction &instruction = program->code[reference.instruction];
    const std::vector<uint32_t> &body = placedBodies[reference.function];
    const Operation &operation = *reference.operation;
    if (instruction.flow == Flow::Branch) {
      instruction.immediate = body[operation.target];
    } else if (instruction.flow == Flow::Call) {
      const ptx::Function &callee = findCallee(*program->module, *instruction.origin);
      size_t index =
          size_t(std::find(functions.begin(), functions.end(), &callee) - functions.begin());
      instruction.immediate = placedBodies[index].front();
    } else {
      instruction.immediate = int64_t(program->branchTables.size());
      std::vector<uint32_t> &table = program->branchTables.emplace_back();
      for (uint32_t target : operation.tableTargets)
        table.push_back(body[target]);
    }
  }
}

/// Accesses are aligned to their sizes, so that none touches a part of a granule.
void ProgramBuilder::prepareAccesses() {
  uint32_t granule = 16, number = 0;
  for (Instruction &instruction : program->code) {
    if (instruction.size == 0)
      continue;
    instruction.accessNumber = uint8_t(number++ % kAccessNumbers);
    if (instruction.space == Space::Shared || instruction.space == Space::Generic)
      granule = std::min<uint32_t>(granule, instruction.size);
  }
  program->sharedGranule = granule;
}

std::shared_ptr<const Program> ProgramBuilder::build() {
  symbols.addParameters(*program->kernel);
  layOutShared();
  codes.reserve(functions.size());
  for (const ptx::Function *function : functions)
    decode(*function);
  for (const FunctionCode &code : codes)
    place(code);
  program->entry = placedBodies.back().front();
  resolveTargets();
  prepareAccesses();
  return std::move(program);
}

std::shared_ptr<const Program> emulator::buildProgram(std::shared_ptr<const ptx::Module> module,
                                                      const ptx::Function &kernel,
                                                      const GlobalAddresses &globals) {
  return ProgramBuilder(std::move(module), kernel, globals).build();
}
