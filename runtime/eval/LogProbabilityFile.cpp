//===- LogProbabilityFile.cpp - llama.cpp's base logits -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/LogProbabilityFile.h"
#include "runtime/formats/Error.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

using namespace qopt;

static_assert(std::endian::native == std::endian::little);

static constexpr std::string_view magic = "_logits_";
static constexpr size_t headerBytes = magic.size() + 3 * sizeof(int32_t);
/// Two floats before the codes of a row.
static constexpr size_t prefixCodes = 4;
/// A row keeps log-probabilities down to this far below its largest.
static constexpr double keptRange = 16;

static size_t rowCodes(int64_t vocab) { return 2 * ((size_t(vocab) + 1) / 2) + prefixCodes; }
static int64_t scoredTokens(int64_t ctx) { return ctx - 1 - ctx / 2; }

LogProbabilityFile::LogProbabilityFile(const std::string &path) : file(path) {
  const std::span<const std::byte> bytes = file.bytes();
  if (bytes.size() < headerBytes || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0)
    fail("{}: does not start with '{}' as files of llama-perplexity --kl-divergence-base do", path,
         magic);
  std::array<int32_t, 3> counts;
  std::memcpy(counts.data(), bytes.data() + magic.size(), sizeof(counts));
  const auto [ctxCount, vocabCount, windowCount] = counts;
  if (ctxCount < 4 || vocabCount < 1 || windowCount < 1)
    fail("{}: claims {} windows of {} tokens and a vocabulary of {}", path, windowCount, ctxCount,
         vocabCount);
  numContext = ctxCount;
  vocab = vocabCount;
  // Each factor is below 2^31, and so is each number of rows of a file that exists.
  const uint64_t rowBytes = rowCodes(vocab) * sizeof(uint16_t);
  const uint64_t numTokens = uint64_t(ctxCount) * uint64_t(windowCount);
  const uint64_t numRows = uint64_t(scoredTokens(ctxCount)) * uint64_t(windowCount);
  const uint64_t left = bytes.size() - headerBytes;
  if (numTokens > left / sizeof(int32_t) ||
      numRows > (left - numTokens * sizeof(int32_t)) / rowBytes ||
      numRows * rowBytes != left - numTokens * sizeof(int32_t))
    fail("{}: has {} bytes, which is not what {} windows of {} tokens of a vocabulary of {} take; "
         "was it cut off?",
         path, bytes.size(), windowCount, ctxCount, vocabCount);
  allTokens.resize(numTokens);
  std::memcpy(allTokens.data(), bytes.data() + headerBytes, numTokens * sizeof(int32_t));
  auto isUnknown = [&](int32_t token) { return token < 0 || token >= vocabCount; };
  if (auto bad = std::find_if(allTokens.begin(), allTokens.end(), isUnknown);
      bad != allTokens.end())
    fail("{}: token {} is {}, beyond the vocabulary of {}", path, bad - allTokens.begin(), *bad,
         vocab);
  firstRow = headerBytes + numTokens * sizeof(int32_t);
}

void LogProbabilityFile::read(size_t row, std::span<double> into) const {
  assert(into.size() == size_t(vocab));
  const std::byte *address = file.bytes().data() + firstRow + row * rowCodes(vocab) * 2;
  std::array<float, 2> scaleAndLeast;
  std::memcpy(scaleAndLeast.data(), address, sizeof(scaleAndLeast));
  const auto [scale, least] = scaleAndLeast;
  if (!std::isfinite(scale) || !std::isfinite(least))
    fail("{}: row {} has scale {} and least log-probability {}", file.path(), row, scale, least);
  for (double &value : into) {
    uint16_t code;
    std::memcpy(&code, address + sizeof(scaleAndLeast) + (&value - into.data()) * sizeof(code),
                sizeof(code));
    value = double(scale * float(code) + least);
  }
}

LogProbabilityWriter::LogProbabilityWriter(std::string path, int64_t ctx, int64_t vocabSize,
                                           std::span<const int32_t> tokens)
    : file(std::move(path)), row(rowCodes(vocabSize)) {
  const std::array<int32_t, 3> counts = {int32_t(ctx), int32_t(vocabSize),
                                         int32_t(tokens.size() / size_t(ctx))};
  auto append = [&](const void *data, size_t size) {
    file.append({static_cast<const char *>(data), size});
  };
  append(magic.data(), magic.size());
  append(counts.data(), sizeof(counts));
  append(tokens.data(), tokens.size_bytes());
}

void LogProbabilityWriter::append(std::span<const double> logProbabilities) {
  assert(rowCodes(int64_t(logProbabilities.size())) == row.size());
  const auto [min, max] = std::minmax_element(logProbabilities.begin(), logProbabilities.end());
  const double least = std::max(*min, *max - keptRange);
  const double scale = (*max - least) / 65535;
  const std::array<float, 2> scaleAndLeast = {float(scale), float(least)};
  std::memcpy(row.data(), scaleAndLeast.data(), sizeof(scaleAndLeast));
  for (size_t i = 0; i < logProbabilities.size(); ++i)
    row[prefixCodes + i] = logProbabilities[i] > least
                               ? uint16_t(std::lround((logProbabilities[i] - least) / scale))
                               : 0;
  file.append({reinterpret_cast<const char *>(row.data()), row.size() * sizeof(uint16_t)});
}
