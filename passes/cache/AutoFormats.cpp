//===- AutoFormats.cpp - formats by measured sensitivity ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/cache/AutoFormats.h"
#include "passes/cache/FormatKnapsack.h"
#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/Error.h"
#include "runtime/quantization/CacheFormat.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>

using namespace qopt;
using llvm::ArrayRef;

namespace {

struct Candidate {
  std::string mode, format;
  int64_t windowBytes; ///< of a sequence
};

/// The keys or the values of a cache, and what they could be.
struct Part {
  llm::CacheOp cache;
  bool isKey;
  std::vector<Candidate> candidates;
  std::vector<FormatOption> options; ///< beside candidates

  /// The candidate that a mode made.
  size_t find(const std::string &mode) const;
};

struct Choice {
  std::vector<size_t> candidates; ///< of each part
  int64_t bytes = 0;
  double kl = 0;
  std::string uniform; ///< the one mode, if it was chosen as such
};

class Chooser {
public:
  Chooser(ArrayRef<llm::CacheOp> caches, bool areAll, const Profile &profile,
          const CacheBudget &budget);

  void choose();
  void apply();
  int64_t windowBytes() const; ///< of a sequence, in all that was chosen
  std::string describe() const;
  Json trace() const;

private:
  struct Uniform {
    std::string mode;
    std::vector<size_t> candidates; ///< of each part
    FormatOption option;
  };

  void addParts(llm::CacheOp cache);
  void addUniform(const UniformSensitivity &one);
  std::vector<std::vector<FormatOption>> items() const;
  bool fits(const FormatOption &option) const;
  [[noreturn]] void failImpossible() const;
  double bitsOf(int64_t bytes) const { return 8 * double(bytes) / double(elements); }

  const Profile &profile;
  const CacheBudget &budget;
  std::vector<Part> parts;
  std::vector<Uniform> uniform;
  int64_t elements = 0; ///< of a token
  int64_t mostBytes = 0;
  Choice choice;
};

} // namespace

size_t Part::find(const std::string &mode) const {
  auto found = llvm::find_if(candidates, [&](const Candidate &one) { return one.mode == mode; });
  return size_t(found - candidates.begin());
}

/// Bytes that a head's window takes of each sequence, in f16.
static int64_t windowBytesOf(const CacheFormat &format, int64_t headDim) {
  return format.residual ? kWindowTokens * headDim * 2 : 0;
}

/// The keys and the values of a cache.
void Chooser::addParts(llm::CacheOp cache) {
  const int64_t headDim = cache.getHeadDim(), heads = cache.getKvHeads();
  for (bool isKey : {true, false}) {
    Part part{cache, isKey, {}, {}};
    for (const CacheSensitivity &one : profile.cacheSensitivities().parts) {
      if (one.isKey != isKey || llvm::StringRef(one.cache) != cache.getSymName())
        continue;
      const CacheFormat format = parseCacheFormat(one.format);
      checkCacheFormat(format, isKey, headDim);
      const int64_t window = windowBytesOf(format, headDim);
      const double bytes = format.bytesPerHead(headDim) + double(window) / double(budget.context);
      part.candidates.push_back({one.mode, one.format, window * heads});
      part.options.push_back({int64_t(std::ceil(bytes)) * heads, one.kl});
    }
    if (part.options.empty() || part.options.size() > 255)
      fail("{} has {} sensitivities of the {} of '{}'; 1 to 255 can be chosen from", profile.path(),
           part.options.size(), isKey ? "keys" : "values", cache.getSymName().str());
    elements += heads * headDim;
    parts.push_back(std::move(part));
  }
}

/// A mode for everything, if it was measured for every part, too.
void Chooser::addUniform(const UniformSensitivity &one) {
  Uniform candidate{one.mode, {}, {0, one.kl}};
  for (const Part &part : parts) {
    const size_t index = part.find(one.mode);
    if (index == part.candidates.size())
      return;
    candidate.candidates.push_back(index);
    candidate.option.bytes += part.options[index].bytes;
  }
  uniform.push_back(std::move(candidate));
}

Chooser::Chooser(ArrayRef<llm::CacheOp> caches, bool areAll, const Profile &profile,
                 const CacheBudget &budget)
    : profile(profile), budget(budget) {
  const CacheSensitivities &measured = profile.cacheSensitivities();
  if (measured.empty())
    fail("{} has no sensitivities of caches: qrun calibrate --kv-sensitivity measures them",
         profile.path());
  for (llm::CacheOp cache : caches)
    addParts(cache);
  if (areAll)
    for (const UniformSensitivity &one : measured.uniform)
      addUniform(one);
  if (budget.bytes)
    mostBytes = *budget.bytes;
  if (budget.bits)
    mostBytes = int64_t(std::floor(*budget.bits * double(elements) / 8 + 1e-6));
}

std::vector<std::vector<FormatOption>> Chooser::items() const {
  std::vector<std::vector<FormatOption>> items;
  for (const Part &part : parts)
    items.push_back(part.options);
  return items;
}

bool Chooser::fits(const FormatOption &option) const {
  return budget.kl ? option.kl <= *budget.kl : option.bytes <= mostBytes;
}

void Chooser::failImpossible() const {
  int64_t bytes = 0;
  double kl = 0;
  for (const Part &part : parts) {
    bytes += std::ranges::min(part.options, {}, &FormatOption::bytes).bytes;
    kl += std::ranges::min(part.options, {}, &FormatOption::kl).kl;
  }
  if (budget.kl)
    fail("compress-kv: kl={} is impossible: with the formats in {}, the least is {:.3g}",
         *budget.kl, profile.path(), kl);
  std::string wanted =
      budget.bits ? fmt::format("bits={}", *budget.bits) : fmt::format("bytes={}", *budget.bytes);
  fail("compress-kv: {} is impossible: with the formats in {}, the least is {} bytes a token, "
       "{:.4g} "
       "bits an element",
       wanted, profile.path(), bytes, bitsOf(bytes));
}

void Chooser::choose() {
  std::optional<std::vector<size_t>> picked = budget.kl
                                                  ? chooseWithinDivergence(items(), *budget.kl)
                                                  : chooseWithinBytes(items(), mostBytes);
  if (!picked)
    failImpossible();
  choice.candidates = *picked;
  for (auto [part, index] : llvm::zip_equal(parts, *picked)) {
    choice.bytes += part.options[index].bytes;
    choice.kl += part.options[index].kl;
  }
  for (const Uniform &one : uniform) {
    bool isBetter = budget.kl ? one.option.bytes < choice.bytes : one.option.kl < choice.kl;
    if (fits(one.option) && isBetter)
      choice = {one.candidates, one.option.bytes, one.option.kl, one.mode};
  }
}

void Chooser::apply() {
  for (auto [part, index] : llvm::zip_equal(parts, choice.candidates)) {
    const std::string &format = part.candidates[index].format;
    part.isKey ? part.cache.setK(format) : part.cache.setV(format);
  }
}

int64_t Chooser::windowBytes() const {
  int64_t bytes = 0;
  for (auto [part, index] : llvm::zip_equal(parts, choice.candidates))
    bytes += part.candidates[index].windowBytes;
  return bytes;
}

std::string Chooser::describe() const {
  std::string text = "auto: ";
  for (bool isKey : {true, false}) {
    llvm::MapVector<llvm::StringRef, int64_t> layers;
    for (auto [part, index] : llvm::zip_equal(parts, choice.candidates))
      if (part.isKey == isKey)
        ++layers[part.candidates[index].mode];
    text += isKey ? "keys" : "values";
    for (auto [mode, count] : layers)
      text += fmt::format(" {} x {},", count, mode.str());
    text.back() = ';';
    text += ' ';
  }
  text +=
      fmt::format("{} bytes a token, {:.4g} bits an element, ", choice.bytes, bitsOf(choice.bytes));
  if (int64_t bytes = windowBytes())
    text += fmt::format("of which windows of {} bytes over {} tokens, ", bytes, budget.context);
  return text + fmt::format("KL {:.3g} {}", choice.kl,
                            choice.uniform.empty() ? "predicted" : "measured, as one mode for all");
}

Json Chooser::trace() const {
  Json considered = Json::array(), uniformly = Json::array();
  for (auto [part, index] : llvm::zip_equal(parts, choice.candidates)) {
    Json options = Json::array();
    for (auto [candidate, option] : llvm::zip_equal(part.candidates, part.options))
      options.push_back({{"mode", candidate.mode},
                         {"format", candidate.format},
                         {"bytes", option.bytes},
                         {"kl", option.kl}});
    llm::CacheOp cache = part.cache;
    considered.push_back({{"cache", cache.getSymName().str()},
                          {"part", part.isKey ? "k" : "v"},
                          {"chosen", part.candidates[index].format},
                          {"chosen_mode", part.candidates[index].mode},
                          {"considered", options}});
  }
  for (const Uniform &one : uniform)
    uniformly.push_back({{"mode", one.mode},
                         {"bytes", one.option.bytes},
                         {"kl", one.option.kl},
                         {"fits", fits(one.option)}});
  return {{"budget", budget.kl ? Json{{"kl", *budget.kl}} : Json{{"bytes", mostBytes}}},
          {"why", choice.uniform.empty()
                      ? "least sum of divergences within the budget, each measured alone"
                      : "one mode for all costs less than the least sum of divergences"},
          {"bytes_per_token", choice.bytes},
          {"bits_per_element", bitsOf(choice.bytes)},
          {"window_bytes_per_sequence", windowBytes()},
          {"context", budget.context},
          {"kl", choice.kl},
          {"parts", considered},
          {"uniform", uniformly}};
}

std::string qopt::chooseCacheFormats(ArrayRef<llm::CacheOp> caches, bool areAll,
                                     const Profile &profile, const CacheBudget &budget,
                                     const std::string &trace) {
  Chooser chooser(caches, areAll, profile, budget);
  chooser.choose();
  chooser.apply();
  if (!trace.empty())
    writeFile(trace, chooser.trace().dump(2) + "\n");
  return chooser.describe();
}
