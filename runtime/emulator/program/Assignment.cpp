//===- Assignment.cpp - registers that may be read before they are written -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/program/Assignment.h"

#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// Operations that run one after the other, and the blocks that may follow.
struct BasicBlock {
  uint32_t begin = 0, end = 0;
  std::vector<uint32_t> successors;
  std::vector<bool> assigned; ///< registers certainly written at the beginning, by number
  bool isReached = false;
};

class Analysis {
public:
  Analysis(const FunctionCode &code, uint32_t numRegisters)
      : code(code), numRegisters(numRegisters) {}

  std::vector<std::vector<RegisterIndex>> run();

private:
  void findBlocks();
  std::vector<uint32_t> targetsOf(const Operation &operation) const;
  void propagate();
  void assign(const Operation &operation, std::vector<bool> &assigned) const;

  const FunctionCode &code;
  const uint32_t numRegisters;
  std::vector<BasicBlock> blocks;
};

} // namespace

/// Beyond so many bits every use counts as uncertain.
static constexpr uint64_t kMaxBits = uint64_t(1) << 26;

static bool endsBlock(const Operation &operation) {
  Flow flow = operation.instruction.flow;
  return flow == Flow::Branch || flow == Flow::IndirectBranch || flow == Flow::Return ||
         flow == Flow::Exit;
}

/// Operations that a branch leads to.
std::vector<uint32_t> Analysis::targetsOf(const Operation &operation) const {
  std::vector<uint32_t> targets;
  for (uint32_t target : operation.tableTargets)
    targets.push_back(code.bodyStart[target]);
  if (operation.instruction.flow == Flow::Branch)
    targets.push_back(code.bodyStart[operation.target]);
  return targets;
}

void Analysis::findBlocks() {
  uint32_t count = uint32_t(code.operations.size());
  std::vector<bool> begins(count + 1);
  begins[0] = true;
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t target : targetsOf(code.operations[i]))
      begins[target] = true;
    if (endsBlock(code.operations[i]))
      begins[i + 1] = true;
  }
  std::vector<uint32_t> blockAt(count + 1);
  for (uint32_t i = 0; i < count; ++i) {
    if (begins[i])
      blocks.push_back({i, i, {}, {}, false});
    blocks.back().end = i + 1;
    blockAt[i] = uint32_t(blocks.size() - 1);
  }
  for (BasicBlock &block : blocks) {
    const Operation &last = code.operations[block.end - 1];
    for (uint32_t target : targetsOf(last))
      if (target < count)
        block.successors.push_back(blockAt[target]);
    bool fallsThrough = !endsBlock(last) || last.isGuarded;
    if (fallsThrough && block.end < count)
      block.successors.push_back(blockAt[block.end]);
  }
}

void Analysis::assign(const Operation &operation, std::vector<bool> &assigned) const {
  if (!operation.isGuarded)
    for (RegisterIndex definition : operation.definitions)
      assigned[definition - code.firstRegister] = true;
}

/// What is assigned at the beginning of a block is what is at the end of all blocks before it.
void Analysis::propagate() {
  blocks[0].assigned.assign(numRegisters, false);
  blocks[0].isReached = true;
  std::vector<uint32_t> worklist = {0};
  while (!worklist.empty()) {
    BasicBlock &block = blocks[worklist.back()];
    worklist.pop_back();
    std::vector<bool> assigned = block.assigned;
    for (uint32_t i = block.begin; i < block.end; ++i)
      assign(code.operations[i], assigned);
    for (uint32_t index : block.successors) {
      BasicBlock &successor = blocks[index];
      bool changed = !successor.isReached;
      if (changed) {
        successor.assigned = assigned;
        successor.isReached = true;
      } else {
        for (uint32_t r = 0; r < numRegisters; ++r) {
          if (!successor.assigned[r] || assigned[r])
            continue;
          successor.assigned[r] = false;
          changed = true;
        }
      }
      if (changed)
        worklist.push_back(index);
    }
  }
}

std::vector<std::vector<RegisterIndex>> Analysis::run() {
  std::vector<std::vector<RegisterIndex>> uncertain(code.operations.size());
  if (code.operations.empty())
    return uncertain;
  findBlocks();
  bool isSmall = uint64_t(blocks.size()) * numRegisters <= kMaxBits;
  if (isSmall)
    propagate();
  for (const BasicBlock &block : blocks) {
    if (isSmall && !block.isReached)
      continue;
    std::vector<bool> assigned = isSmall ? block.assigned : std::vector<bool>(numRegisters);
    for (uint32_t i = block.begin; i < block.end; ++i) {
      const Operation &operation = code.operations[i];
      for (RegisterIndex use : operation.uses)
        if (!assigned[use - code.firstRegister])
          uncertain[i].push_back(use);
      assign(operation, assigned);
    }
  }
  return uncertain;
}

std::vector<std::vector<RegisterIndex>> emulator::findUncertainUses(const FunctionCode &code,
                                                                    uint32_t numRegisters) {
  return Analysis(code, numRegisters).run();
}
