//===- LoopNest.h - the loops of a PTX function -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_ANALYSIS_LOOPNEST_H
#define QOPT_RUNTIME_EMULATOR_ANALYSIS_LOOPNEST_H

#include "runtime/emulator/ptx/Syntax.h"

namespace qopt::emulator {

/// The natural loops of a function, wherever their blocks lie in the text. Calls are instructions
/// like others.
class LoopNest {
public:
  static constexpr size_t kNone = ~size_t(0);

  explicit LoopNest(const ptx::Function &function);

  size_t numLoops() const { return loops.size(); }
  /// The smallest loop that an instruction of the body is in, or kNone.
  size_t innermost(size_t instruction) const { return innermostLoop[instruction]; }
  /// For each instruction of the body, whether it is in the loop.
  const std::vector<bool> &members(size_t loop) const { return loops[loop]; }

private:
  void findSuccessors(const ptx::Function &function);
  void findDominators();
  bool dominates(size_t block, size_t other) const;
  void addLoop(size_t header, size_t latch, size_t numInstructions);

  /// Instructions [begin, end) that run one after the other.
  struct Block {
    size_t begin = 0, end = 0;
    std::vector<size_t> successors, predecessors;
  };
  std::vector<Block> blocks;
  std::vector<size_t> order; ///< reachable blocks, each before its successors where possible
  std::vector<size_t> immediateDominator; ///< by block; kNone where not reachable
  std::vector<size_t> position;           ///< in `order`
  std::vector<std::vector<bool>> loops;
  std::vector<size_t> headers; ///< of the loops
  std::vector<size_t> innermostLoop;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_ANALYSIS_LOOPNEST_H
