//===- CacheMode.cpp - compressed caches by short names -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CacheMode.h"

#include "runtime/formats/Error.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

using namespace qopt;

static std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

static std::optional<int64_t> parseInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool isWhole = error == std::errc() && end == text.data() + text.size();
  return isWhole ? std::optional(value) : std::nullopt;
}

[[noreturn]] static void failUnknown(std::string_view name) {
  fail("unknown cache mode '{}'; f16, bf16, int8, int4, int2, fp8_e4m3 and fp8_e5m2 (with -static, "
       "-asymmetric, -symmetric, -search, -hadamard, -gN), turbo:M1:M2 (with -lloyd_max, "
       "-hadamard), turboquant2 to 4, kivi2, kivi4, flashq2 and flashq4, and any of them with "
       "-before_rope are known",
       name);
}

CacheMode qopt::parseCacheMode(std::string_view name) {
  constexpr std::array types = {"f16", "bf16", "int8", "int4", "int2", "fp8_e4m3", "fp8_e5m2"};
  constexpr std::array windowed = {"kivi2", "kivi4", "flashq2", "flashq4"};
  const std::vector<std::string> words = split(name, '-');
  const std::vector<std::string> parts = split(words.front(), ':');
  const bool isTurbo = parts.front() == "turbo" && parts.size() == 3;
  const bool isType = std::ranges::find(types, words.front()) != types.end();
  CacheMode mode{std::string(name), "type=" + words.front(), false};
  if (isTurbo) {
    const std::optional<int64_t> m1 = parseInteger(parts[1]), m2 = parseInteger(parts[2]);
    if (!m1 || !m2)
      failUnknown(name);
    mode.rule = fmt::format("mode=turbo m1={} m2={}", *m1, *m2);
    mode.needsProfile = *m1 < 8;
  } else if (words.front().starts_with("turboquant") && words.front().size() == 11) {
    mode.rule = fmt::format("mode=turboquant bits={}", words.front().substr(10));
  } else if (std::ranges::find(windowed, words.front()) != windowed.end()) {
    mode.rule = fmt::format("mode={} bits={}", words.front().substr(0, words.front().size() - 1),
                            words.front().back());
  } else if (!isType) {
    failUnknown(name);
  }
  for (size_t i = 1; i < words.size(); ++i) {
    const std::optional<int64_t> group =
        words[i].starts_with('g') ? parseInteger(words[i].substr(1)) : std::nullopt;
    if (words[i] == "before_rope") {
      mode.rule += " before_rope=true";
      mode.beforeRope = true;
    } else if (words[i] == "hadamard" && (isTurbo || isType)) {
      mode.rule += " rotate=hadamard";
    } else if (words[i] == "lloyd_max" && isTurbo) {
      mode.rule += " table=lloyd_max";
    } else if (words[i] == "asymmetric" && isType) {
      mode.rule += " asymmetric=true";
    } else if (words[i] == "symmetric" && isType) {
      mode.rule += " asymmetric=false";
    } else if (words[i] == "search" && isType) {
      mode.rule += " search=true";
    } else if (words[i] == "static" && isType) {
      mode.rule += " static=true";
      mode.needsProfile = true;
    } else if (group && isType) {
      mode.rule += fmt::format(" group={}", *group);
    } else {
      failUnknown(name);
    }
  }
  return mode;
}

/// The texts that a text with ranges in braces stands for.
static std::vector<std::string> expand(const std::string &text) {
  const size_t open = text.find('{'), close = text.find('}');
  if (open == std::string::npos)
    return {text};
  const size_t dots = text.find("..", open);
  std::optional<int64_t> first, last;
  if (close != std::string::npos && dots < close) {
    first = parseInteger(text.substr(open + 1, dots - open - 1));
    last = parseInteger(text.substr(dots + 2, close - dots - 2));
  }
  if (!first || !last || std::abs(*first - *last) > 64)
    fail("'{}': braces hold a range of numbers such as {{8..3}}", text);
  std::vector<std::string> texts;
  for (int64_t i = *first, step = *first <= *last ? 1 : -1;; i += step) {
    const std::string one = text.substr(0, open) + std::to_string(i) + text.substr(close + 1);
    for (std::string &rest : expand(one))
      texts.push_back(std::move(rest));
    if (i == *last)
      return texts;
  }
}

std::vector<CacheMode> qopt::parseCacheModes(std::string_view list) {
  std::vector<CacheMode> modes;
  for (const std::string &part : split(list, ','))
    for (const std::string &name : expand(part))
      modes.push_back(parseCacheMode(name));
  return modes;
}

void qopt::addCacheModes(CLI::App &command, const std::string &flag, const std::string &purpose,
                         std::vector<CacheMode> &modes, const std::string &list) {
  if (!list.empty())
    modes = parseCacheModes(list);
  command
      .add_option_function<std::string>(
          flag, [&modes](const std::string &text) { modes = parseCacheModes(text); },
          purpose + ": int8,int8-static,turbo:{8..3}:{8..5},...")
      ->default_str(list);
}

std::vector<int64_t> qopt::parseLengths(std::string_view text) {
  std::vector<int64_t> numbers;
  for (const std::string &part : split(text, ':')) {
    const std::optional<int64_t> number = parseInteger(part);
    if (!number || *number < 4)
      fail("--lengths {}: one length of 4 tokens or more, or FIRST:LAST:STEP", text);
    numbers.push_back(*number);
  }
  if (numbers.size() == 1)
    return numbers;
  if (numbers.size() != 3 || numbers[1] < numbers[0])
    fail("--lengths {}: one length of 4 tokens or more, or FIRST:LAST:STEP", text);
  std::vector<int64_t> lengths;
  for (int64_t length = numbers[0]; length <= numbers[1]; length += numbers[2])
    lengths.push_back(length);
  return lengths;
}
