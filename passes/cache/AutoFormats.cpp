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

/// The keys or the values of a cache, and what they could be.
struct Part {
  llm::CacheOp cache;
  bool isKey;
  std::vector<std::string> formats;
  std::vector<FormatOption> options; ///< beside formats
};

struct Choice {
  std::vector<std::string> formats; ///< of each part
  int64_t bytes = 0;
  double kl = 0;
  std::string uniform; ///< the one format, if it was chosen as such
};

class Chooser {
public:
  Chooser(ArrayRef<llm::CacheOp> caches, bool areAll, const Profile &profile,
          const CacheBudget &budget);

  void choose();
  void apply();
  std::string describe() const;
  Json trace() const;

private:
  struct Uniform {
    std::string format;
    FormatOption option;
  };

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

/// Bytes of a token in one part of a cache.
static int64_t bytesOf(const std::string &format, llm::CacheOp cache) {
  double bytes = parseCacheFormat(format).bytesPerHead(cache.getHeadDim());
  return int64_t(std::ceil(bytes)) * int64_t(cache.getKvHeads());
}

Chooser::Chooser(ArrayRef<llm::CacheOp> caches, bool areAll, const Profile &profile,
                 const CacheBudget &budget)
    : profile(profile), budget(budget) {
  const CacheSensitivities &measured = profile.cacheSensitivities();
  if (measured.empty())
    fail("{} has no sensitivities of caches: qrun calibrate --kv-sensitivity measures them",
         profile.path());
  for (llm::CacheOp cache : caches)
    for (bool isKey : {true, false}) {
      Part part{cache, isKey, {}, {}};
      for (const CacheSensitivity &one : measured.parts)
        if (one.isKey == isKey && llvm::StringRef(one.cache) == cache.getSymName()) {
          checkCacheFormat(parseCacheFormat(one.format), isKey, cache.getHeadDim());
          part.formats.push_back(one.format);
          part.options.push_back({bytesOf(one.format, cache), one.kl});
        }
      if (part.options.empty() || part.options.size() > 255)
        fail("{} has {} sensitivities of the {} of '{}'; 1 to 255 can be chosen from",
             profile.path(), part.options.size(), isKey ? "keys" : "values",
             cache.getSymName().str());
      elements += int64_t(cache.getKvHeads()) * int64_t(cache.getHeadDim());
      parts.push_back(std::move(part));
    }
  if (areAll)
    for (const UniformSensitivity &one : measured.uniform) {
      int64_t bytes = 0;
      for (llm::CacheOp cache : caches)
        bytes += 2 * bytesOf(one.format, cache);
      uniform.push_back({one.format, {bytes, one.kl}});
    }
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
  for (auto [part, index] : llvm::zip_equal(parts, *picked)) {
    choice.formats.push_back(part.formats[index]);
    choice.bytes += part.options[index].bytes;
    choice.kl += part.options[index].kl;
  }
  for (const Uniform &one : uniform) {
    bool isBetter = budget.kl ? one.option.bytes < choice.bytes : one.option.kl < choice.kl;
    if (fits(one.option) && isBetter)
      choice = {std::vector<std::string>(parts.size(), one.format), one.option.bytes, one.option.kl,
                one.format};
  }
}

/// A format of keys, for values: without what is of keys alone.
static std::string ofValues(const std::string &keys) {
  CacheFormat format = parseCacheFormat(keys);
  format.beforeRope = false;
  format.channels = format.progressive;
  return toText(format);
}

void Chooser::apply() {
  for (auto [part, format] : llvm::zip_equal(parts, choice.formats))
    part.isKey ? part.cache.setK(format) : part.cache.setV(ofValues(format));
}

std::string Chooser::describe() const {
  std::string text = "auto: ";
  for (bool isKey : {true, false}) {
    llvm::MapVector<llvm::StringRef, int64_t> layers;
    for (auto [part, format] : llvm::zip_equal(parts, choice.formats))
      if (part.isKey == isKey)
        ++layers[format];
    text += isKey ? "keys" : "values";
    for (auto [format, count] : layers)
      text += fmt::format(" {} x {},", count, format.str());
    text.back() = ';';
    text += ' ';
  }
  text += fmt::format("{} bytes a token, {:.4g} bits an element, KL {:.3g} ", choice.bytes,
                      bitsOf(choice.bytes), choice.kl);
  return text + (choice.uniform.empty() ? "predicted" : "measured, as one format for all");
}

Json Chooser::trace() const {
  Json considered = Json::array(), uniformly = Json::array();
  for (auto [part, format] : llvm::zip_equal(parts, choice.formats)) {
    Json options = Json::array();
    for (auto [name, option] : llvm::zip_equal(part.formats, part.options))
      options.push_back({{"format", name}, {"bytes", option.bytes}, {"kl", option.kl}});
    llm::CacheOp cache = part.cache;
    considered.push_back({{"cache", cache.getSymName().str()},
                          {"part", part.isKey ? "k" : "v"},
                          {"chosen", format},
                          {"considered", options}});
  }
  for (const Uniform &one : uniform)
    uniformly.push_back({{"format", one.format},
                         {"bytes", one.option.bytes},
                         {"kl", one.option.kl},
                         {"fits", fits(one.option)}});
  return {{"budget", budget.kl ? Json{{"kl", *budget.kl}} : Json{{"bytes", mostBytes}}},
          {"why", choice.uniform.empty()
                      ? "least sum of divergences within the budget, each measured alone"
                      : "one format for all costs less than the least sum of divergences"},
          {"bytes_per_token", choice.bytes},
          {"bits_per_element", bitsOf(choice.bytes)},
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
