//===- Decoders.cpp - the instructions that the emulator knows ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/Decoders.h"

using namespace qopt;
using namespace qopt::emulator;

static DecoderTable makeTable() {
  DecoderTable table;
  addArithmetic(table);
  addIntegerArithmetic(table);
  addBits(table);
  addApproximations(table);
  addComparisons(table);
  addConversions(table);
  addMoves(table);
  addLoadsAndStores(table);
  addAtomics(table);
  addControlFlow(table);
  addCalls(table);
  addSynchronization(table);
  addWarpOperations(table);
  addAsyncCopies(table);
  addMatrixMoves(table);
  addMatrixProducts(table);
  addMbarriers(table);
  addWarpgroupProducts(table);
  return table;
}

Decoder emulator::findDecoder(std::string_view opcode) {
  static const DecoderTable table = makeTable();
  auto found = table.find(opcode);
  return found == table.end() ? nullptr : found->second;
}
