//===- PrefillUnits.cpp - cached units become a tile of bf16 --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/PrefillUnits.h"
#include "lowering/gpu/CacheWindow.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

void ptx::forEachPiece(PtxBuilder &b, Scalar thread, int64_t threads, int64_t rows,
                       int64_t rowPieces, llvm::function_ref<void(Scalar, Scalar)> body) {
  int64_t total = rows * rowPieces;
  for (int64_t i = 0; i < total; i += threads) {
    Scalar row, piece;
    if (threads % rowPieces == 0) { // the same column each time
      row = thread / rowPieces + i / rowPieces;
      piece = thread % rowPieces;
    } else {
      row = (thread + i) / rowPieces;
      piece = (thread + i) % rowPieces;
    }
    if (i + threads <= total)
      body(row, piece);
    else
      b.ifThen(row < rows, [&] { body(row, piece); });
  }
}

void PrefillUnits::decode(const CacheReader &reader, const CachePool &pool, Value block,
                          Scalar firstKey, Scalar endKey, const std::optional<KeyTurn> &turn,
                          Value target) {
  int64_t elements = pool.unitElements(), tokens = pool.unitTokens();
  int64_t rowUnits = llvm::divideCeil(columns, elements), rows = keys / tokens;
  Scalar first = firstKey % kPageTokens;
  Scalar last = min(endKey - 1 - (firstKey - first), b.i32(kPageTokens - 1));
  Scalar lastCoded;
  if (pool.format.channels && !pool.isKey)
    lastCoded = CacheWindow::codedTokens(b, pool.format, endKey - 1) - 1 - (firstKey - first);
  // Lanes that exchange what they have come in whole warps: those too many repeat a row.
  bool exchanges = turn && pool.format.hadamard;
  int64_t visited = exchanges ? llvm::alignTo(rows, kWarpSize) : rows;
  forEachPiece(b, thread, threads, visited, rowUnits, [&](Scalar index, Scalar piece) {
    Scalar row = visited > rows ? min(index, b.i32(rows - 1)) : index;
    Scalar firstToken = pool.firstToken(row), inPage = first + firstToken;
    Scalar unit = reader.inRow(piece, rowUnits);
    Scalar inGroup = lastCoded ? min(inPage, lastCoded) : inPage;
    CacheReader::Unit codes = reader.load(block, inPage, unit, last, inGroup);
    if (pool.format.progressive)
      codes.multiplier = reader.tileScale(block, inGroup);
    for (int64_t i = 0; i < tokens; ++i) {
      Scalar token = firstToken + i * pool.tokenDistance();
      SmallVector<Scalar> words = turn ? turned(reader.elements(codes, i), pool, *turn,
                                                firstKey - first + min(first + token, last), unit)
                                       : reader.words(codes, i);
      auto store = [&] {
        for (int64_t chunk = 0; chunk < elements / kChunk; ++chunk)
          b.storeWords(ArrayRef(words).slice(chunk * 4, 4),
                       b.bytePtr(target, tile.offset(token, piece * (elements / kChunk) + chunk)));
      };
      if (visited > rows)
        b.ifThen(index < rows, store);
      else
        store();
    }
  });
}

SmallVector<Scalar> PrefillUnits::turned(SmallVector<Scalar> elements, const CachePool &pool,
                                         const KeyTurn &turn, Scalar position, Scalar unit) {
  if (pool.format.hadamard)
    turn.rotateBack(elements, unit, pool.unitsPerRow());
  SmallVector<Scalar> words;
  for (int64_t i = 0; i < pool.unitElements(); i += 4) {
    Scalar pair = (unit * pool.unitElements() + i) / 2;
    SmallVector<Scalar> biases;
    if (turn.hasBias())
      biases = turn.biases(pair);
    words.append(turn.turn(ArrayRef(elements).slice(i, 4), biases, turn.angles(position, pair)));
  }
  return words;
}
