//===- LoopNest.cpp - the loops of a PTX function -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/analysis/LoopNest.h"

#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

static bool isBranch(const ptx::Instruction &instruction) {
  return instruction.opcode == "bra" || instruction.opcode == "brx";
}

static bool leavesFunction(const ptx::Instruction &instruction) {
  return instruction.opcode == "ret" || instruction.opcode == "exit" ||
         instruction.opcode == "trap";
}

/// Instructions that a branch leads to; labels that do not exist are left out.
static std::vector<size_t> targetsOf(const ptx::Function &function,
                                     const ptx::Instruction &branch) {
  std::vector<size_t> targets;
  if (branch.operands.empty())
    return targets;
  std::string_view name = branch.operands.back().name;
  auto add = [&](std::string_view label) {
    if (auto found = function.labels.find(label); found != function.labels.end())
      targets.push_back(found->second);
  };
  if (branch.opcode == "bra")
    add(name);
  else if (auto table = function.branchTargets.find(name); table != function.branchTargets.end())
    for (std::string_view label : table->second)
      add(label);
  return targets;
}

LoopNest::LoopNest(const ptx::Function &function) : innermostLoop(function.body.size(), kNone) {
  findSuccessors(function);
  if (blocks.empty())
    return;
  findDominators();
  for (size_t block : order)
    for (size_t successor : blocks[block].successors)
      if (dominates(successor, block))
        addLoop(successor, block, function.body.size());
  std::vector<size_t> sizes(loops.size());
  for (size_t loop = 0; loop < loops.size(); ++loop)
    sizes[loop] = size_t(std::count(loops[loop].begin(), loops[loop].end(), true));
  for (size_t i = 0; i < function.body.size(); ++i)
    for (size_t loop = 0; loop < loops.size(); ++loop)
      if (loops[loop][i] && (innermostLoop[i] == kNone || sizes[loop] < sizes[innermostLoop[i]]))
        innermostLoop[i] = loop;
}

void LoopNest::findSuccessors(const ptx::Function &function) {
  size_t count = function.body.size();
  std::vector<bool> begins(count + 1);
  begins[0] = true;
  for (size_t i = 0; i < count; ++i) {
    const ptx::Instruction &instruction = function.body[i];
    if (!isBranch(instruction) && !leavesFunction(instruction))
      continue;
    begins[i + 1] = true;
    for (size_t target : targetsOf(function, instruction))
      begins[target] = true;
  }
  std::vector<size_t> blockAt(count + 1, kNone);
  for (size_t i = 0; i < count; ++i) {
    if (begins[i])
      blocks.push_back({i, i, {}, {}});
    blocks.back().end = i + 1;
    blockAt[i] = blocks.size() - 1;
  }
  for (size_t block = 0; block < blocks.size(); ++block) {
    const ptx::Instruction &last = function.body[blocks[block].end - 1];
    std::vector<size_t> next;
    if (isBranch(last))
      next = targetsOf(function, last);
    bool isCertain = last.guard == ptx::Instruction::kNoGuard;
    if (!(isCertain && (isBranch(last) || leavesFunction(last))))
      next.push_back(blocks[block].end);
    for (size_t instruction : next) {
      if (blockAt[instruction] == kNone)
        continue; // the end
      blocks[block].successors.push_back(blockAt[instruction]);
      blocks[blockAt[instruction]].predecessors.push_back(block);
    }
  }
}

/// Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
void LoopNest::findDominators() {
  std::vector<uint8_t> isVisited(blocks.size());
  std::vector<std::pair<size_t, size_t>> stack = {{0, 0}}; // a block, and its next successor
  isVisited[0] = true;
  while (!stack.empty()) {
    auto &[block, next] = stack.back();
    if (next == blocks[block].successors.size()) {
      order.push_back(block);
      stack.pop_back();
      continue;
    }
    size_t successor = blocks[block].successors[next++];
    if (!isVisited[successor])
      stack.push_back({successor, 0});
    isVisited[successor] = true;
  }
  std::reverse(order.begin(), order.end());
  position.assign(blocks.size(), kNone);
  for (size_t i = 0; i < order.size(); ++i)
    position[order[i]] = i;

  immediateDominator.assign(blocks.size(), kNone);
  immediateDominator[0] = 0;
  auto meet = [&](size_t a, size_t b) {
    while (a != b) {
      while (position[a] > position[b])
        a = immediateDominator[a];
      while (position[b] > position[a])
        b = immediateDominator[b];
    }
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t block : order) {
      size_t dominator = block == 0 ? 0 : kNone;
      for (size_t predecessor : blocks[block].predecessors)
        if (block != 0 && immediateDominator[predecessor] != kNone)
          dominator = dominator == kNone ? predecessor : meet(predecessor, dominator);
      changed |= dominator != immediateDominator[block];
      immediateDominator[block] = dominator;
    }
  }
}

bool LoopNest::dominates(size_t block, size_t other) const {
  while (other != block && other != 0)
    other = immediateDominator[other];
  return other == block;
}

/// All blocks from which `latch` is reached without passing `header`. Loops with one header are
/// one.
void LoopNest::addLoop(size_t header, size_t latch, size_t numInstructions) {
  auto found = std::find(headers.begin(), headers.end(), header);
  size_t loop = size_t(found - headers.begin());
  if (found == headers.end()) {
    headers.push_back(header);
    loops.emplace_back(numInstructions);
  }
  std::vector<bool> &members = loops[loop];
  std::vector<size_t> worklist = {latch};
  std::fill_n(members.begin() + ptrdiff_t(blocks[header].begin),
              blocks[header].end - blocks[header].begin, true);
  while (!worklist.empty()) {
    const Block &block = blocks[worklist.back()];
    worklist.pop_back();
    if (members[block.begin])
      continue;
    std::fill_n(members.begin() + ptrdiff_t(block.begin), block.end - block.begin, true);
    for (size_t predecessor : block.predecessors)
      if (position[predecessor] != kNone)
        worklist.push_back(predecessor);
  }
}
