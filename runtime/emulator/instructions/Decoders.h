//===- Decoders.h - the instructions that the emulator knows ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_DECODERS_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_DECODERS_H

#include <string_view>
#include <unordered_map>

namespace qopt::emulator {

class Decoding;
using Decoder = void (*)(Decoding &);

/// The decoder of an opcode (`add`, without modifiers), or null.
Decoder findDecoder(std::string_view opcode);

// Parts of `cp.async`.
void decodeBulkCopy(Decoding &d);    ///< `cp.async.bulk...`
void decodeCopyArrival(Decoding &d); ///< `cp.async.mbarrier.arrive...`

// Each family of instructions lies in the file of its name, with what the instructions do.
using DecoderTable = std::unordered_map<std::string_view, Decoder>;
void addArithmetic(DecoderTable &table); ///< opcodes of integers and floats alike
void addIntegerArithmetic(DecoderTable &table);
void addBits(DecoderTable &table);
void addApproximations(DecoderTable &table);
void addComparisons(DecoderTable &table);
void addConversions(DecoderTable &table);
void addMoves(DecoderTable &table);
void addLoadsAndStores(DecoderTable &table);
void addAtomics(DecoderTable &table);
void addControlFlow(DecoderTable &table);
void addCalls(DecoderTable &table);
void addSynchronization(DecoderTable &table);
void addWarpOperations(DecoderTable &table);
void addAsyncCopies(DecoderTable &table);
void addMatrixMoves(DecoderTable &table);
void addMbarriers(DecoderTable &table);
void addWarpgroupProducts(DecoderTable &table);
void addMatrixProducts(DecoderTable &table);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_DECODERS_H
