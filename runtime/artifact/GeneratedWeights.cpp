//===- GeneratedWeights.cpp - weights made up when loaded -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/GeneratedWeights.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/formats/RandomFill.h"
#include "runtime/formats/SafetensorsHeader.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <unistd.h>

using namespace qopt;

namespace {

/// Elements that one thread fills at a time; a multiple of the 4 that share a random word.
constexpr uint64_t elementsPerPiece = 1 << 20;
constexpr uint64_t alignment = 64;

struct Piece {
  const PlanWeight *weight;
  uint64_t firstElement;
  std::span<std::byte> bytes;
};

} // namespace

static void fillPiece(const Piece &piece, uint64_t seed) {
  const GeneratedContents &contents = *piece.weight->generated;
  if (!contents.isSplat) {
    randomFill(randomTensorKey(seed, piece.weight->name), piece.firstElement, float(contents.value),
               contents.dtype, piece.bytes);
    return;
  }
  std::vector<float> values(piece.bytes.size() / byteSize(contents.dtype), float(contents.value));
  convertFromF32(values, contents.dtype, piece.bytes);
}

static std::vector<Piece> cutIntoPieces(const PlanWeight &weight, std::span<std::byte> bytes) {
  std::vector<Piece> pieces;
  uint64_t elementBytes = byteSize(weight.generated->dtype);
  uint64_t count = bytes.size() / elementBytes;
  for (uint64_t first = 0; first < count; first += elementsPerPiece)
    pieces.push_back({&weight, first,
                      bytes.subspan(first * elementBytes,
                                    std::min(elementsPerPiece, count - first) * elementBytes)});
  return pieces;
}

static void fillPieces(std::span<const Piece> pieces, uint64_t seed, unsigned threads) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < pieces.size();)
      fillPiece(pieces[i], seed);
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < std::min<size_t>(threads, pieces.size()); ++i)
    helpers.emplace_back(work);
  work();
}

/// Without a check, memory that is not there ends the process when it is touched.
static void checkMemory(uint64_t needed, const std::string &file) {
  uint64_t physical = uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGE_SIZE));
  if (needed > physical)
    fail("{}: the random weights need {} bytes of memory; this machine has {}", file, needed,
         physical);
}

GeneratedWeights::GeneratedWeights(const Plan &plan, const std::string &file)
    : ranges(plan.weights.size()) {
  uint64_t total = 0;
  for (size_t i = 0; i < plan.weights.size(); ++i)
    if (const std::optional<GeneratedContents> &contents = plan.weights[i].generated) {
      ranges[i] = {total, *tensorByteSize(contents->dtype, contents->shape)};
      total += (ranges[i].size + alignment - 1) / alignment * alignment;
    }
  checkMemory(total, file);
  memory = HostMemory(total, "random weights", PageSize::Huge);
}

void GeneratedWeights::fill(const Plan &plan, unsigned threads) {
  if (memory.bytes().empty())
    return;
  auto start = std::chrono::steady_clock::now();
  std::vector<Piece> pieces;
  for (size_t i = 0; i < plan.weights.size(); ++i)
    if (plan.weights[i].generated) {
      std::span<std::byte> bytes = memory.bytes().subspan(ranges[i].offset, ranges[i].size);
      std::vector<Piece> more = cutIntoPieces(plan.weights[i], bytes);
      pieces.insert(pieces.end(), more.begin(), more.end());
    }
  fillPieces(pieces, plan.randomSeed, threads);
  elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::span<const std::byte> GeneratedWeights::bytes(size_t index) const {
  return memory.bytes().subspan(ranges[index].offset, ranges[index].size);
}
