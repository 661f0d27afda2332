//===- CacheFormat.cpp - what keys or values are stored as ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/CacheFormat.h"

#include "runtime/formats/Error.h"
#include <bit>
#include <charconv>
#include <cmath>
#include <vector>

using namespace qopt;

using Code = CacheFormat::Code;

int64_t CacheFormat::storedBits() const {
  switch (code) {
  case Code::Native:
    return 32;
  case Code::F16:
  case Code::BF16:
    return 16;
  case Code::Fp8E4M3:
  case Code::Fp8E5M2:
    return 8;
  case Code::Integer:
  case Code::Uniform:
  case Code::LloydMax:
    return bits;
  }
  return 0;
}

std::optional<LinearCode> CacheFormat::linear() const {
  if (code == Code::Integer)
    return LinearCode{int64_t(1) << (bits - 1), 1, 0};
  if (code == Code::Uniform)
    return LinearCode{int64_t(1) << (bits - 1), 2 / double((int64_t(1) << bits) - 1), 0.5};
  return std::nullopt;
}

double CacheFormat::largestCode() const {
  switch (code) {
  case Code::Integer:
    return double((int64_t(1) << (bits - 1)) - 1);
  case Code::Fp8E4M3:
    return 448;
  case Code::Fp8E5M2:
    return 57344;
  default:
    return 1;
  }
}

std::vector<RangeCut> qopt::searchedCuts(const CacheFormat &format) {
  constexpr int count = 4;
  const double step = format.bits == 2 ? 1.0 / 16 : 1.0 / 31;
  std::vector<RangeCut> cuts;
  for (int below = 0; below < count; ++below)
    for (int above = 0; above < count; ++above)
      if (format.asymmetric || below == above)
        cuts.push_back({below * step, above * step});
  return cuts;
}

double CacheFormat::bytesPerHead(int64_t headDim) const {
  double parameters = 0;
  if (progressive)
    parameters = double(headDim * 2 + 2) / double(group);
  else if (channels)
    parameters = double(headDim) * 4 / double(group);
  else if (storesScales())
    parameters = double(groupsOf(headDim)) * ((scaleTable ? 1 : 2) + (asymmetric ? 2 : 0));
  return double(headDim * storedBits()) / 8 + parameters;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string codeText(const CacheFormat &format) {
  switch (format.code) {
  case Code::Native:
    return "native";
  case Code::F16:
    return "f16";
  case Code::BF16:
    return "bf16";
  case Code::Integer:
    return fmt::format("int{}", format.bits);
  case Code::Fp8E4M3:
    return "fp8_e4m3";
  case Code::Fp8E5M2:
    return "fp8_e5m2";
  case Code::Uniform:
    return fmt::format("uniform{}", format.bits);
  case Code::LloydMax:
    return fmt::format("lloyd_max{}", format.bits);
  }
  return {};
}

std::string qopt::toText(const CacheFormat &format) {
  std::string text = codeText(format);
  if (format.asymmetric)
    text += " asymmetric";
  if (format.search)
    text += " search";
  if (format.channels)
    text += " channels";
  if (format.progressive)
    text += " progressive";
  if (format.group)
    text += fmt::format(" group={}", format.group);
  if (format.residual)
    text += fmt::format(" residual={}", format.residual);
  if (format.scaleTable)
    text += fmt::format(" scales={}:{}:{}", format.scaleTable->bits, format.scaleTable->least,
                        format.scaleTable->ratio);
  if (format.fixed)
    text += fmt::format(" static={}:{}", format.fixed->scale, format.fixed->zero);
  if (format.hadamard)
    text += fmt::format(" hadamard={}", *format.hadamard);
  if (format.beforeRope)
    text += " before_rope";
  return text;
}

static std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

template <typename Number> static std::optional<Number> parseNumber(std::string_view text) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

/// The numbers of a word's value, `count` of them between colons.
static std::vector<double> parseNumbers(std::string_view word, std::string_view value,
                                        size_t count) {
  std::vector<double> numbers;
  for (std::string_view part : split(value, ':')) {
    std::optional<double> number = parseNumber<double>(part);
    if (!number || !std::isfinite(*number))
      fail("cache format: '{}' is no number in '{}'", part, word);
    numbers.push_back(*number);
  }
  if (numbers.size() != count)
    fail("cache format: '{}' has {} numbers; {} are needed", word, numbers.size(), count);
  return numbers;
}

static CacheFormat parseCode(std::string_view word) {
  for (Code code : {Code::Native, Code::F16, Code::BF16, Code::Fp8E4M3, Code::Fp8E5M2})
    if (CacheFormat format{.code = code}; word == codeText(format))
      return format;
  for (int64_t bits = 2; bits <= 8; ++bits)
    for (Code code : {Code::Integer, Code::Uniform, Code::LloydMax}) {
      bool exists = code != Code::Integer || std::has_single_bit(uint64_t(bits));
      if (CacheFormat format{.code = code, .bits = bits}; exists && word == codeText(format))
        return format;
    }
  fail("unknown cache format '{}'; native, f16, bf16, int8, int4, int2, fp8_e4m3, fp8_e5m2, "
       "uniform2 to 8 and lloyd_max2 to 8 are known",
       word);
}

static void parseWord(std::string_view word, CacheFormat &format) {
  size_t equals = word.find('=');
  std::string_view key = word.substr(0, equals);
  std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
  if (word == "asymmetric") {
    format.asymmetric = true;
  } else if (word == "search") {
    format.search = true;
  } else if (word == "channels") {
    format.channels = true;
  } else if (word == "progressive") {
    format.progressive = true;
  } else if (word == "before_rope") {
    format.beforeRope = true;
  } else if (key == "group" || key == "residual") {
    std::optional<int64_t> number = parseNumber<int64_t>(value);
    if (!number || *number < 1)
      fail("cache format: '{}' is no size of a {}", word, key == "group" ? "group" : "window");
    (key == "group" ? format.group : format.residual) = *number;
  } else if (key == "scales") {
    std::vector<double> numbers = parseNumbers(word, value, 3);
    if (numbers[0] < 1 || numbers[0] > 8 || numbers[0] != std::floor(numbers[0]) ||
        numbers[1] <= 0 || numbers[2] <= 1)
      fail("cache format: '{}' is no table of scales: 1 to 8 bits, a positive least entry and a "
           "ratio above 1 are",
           word);
    format.scaleTable = {int64_t(numbers[0]), numbers[1], numbers[2]};
  } else if (key == "static") {
    std::vector<double> numbers = parseNumbers(word, value, 2);
    if (numbers[0] <= 0)
      fail("cache format: the scale of '{}' must be positive", word);
    format.fixed = {numbers[0], numbers[1]};
  } else if (key == "hadamard") {
    format.hadamard = parseNumber<uint32_t>(value);
    if (!format.hadamard)
      fail("cache format: '{}' is no seed of 32 bits", word);
  } else {
    fail("cache format: unknown word '{}'; asymmetric, search, channels, progressive, group=, "
         "residual=, scales=, static=, hadamard= and before_rope are known",
         word);
  }
}

/// What KIVI's words go together with.
static void checkWindow(std::string_view text, const CacheFormat &format) {
  if (format.progressive && !format.channels)
    fail("cache format '{}': progressive codes are codes by channel", text);
  if (!format.channels && !format.residual)
    return;
  if (!format.asymmetric || format.fixed || format.hadamard)
    fail("cache format '{}': a window is that of asymmetric integers which are not rotated", text);
  constexpr int64_t page = kWindowTokens / 2;
  if (format.residual < 1 || format.residual > page)
    fail("cache format '{}': a window holds the newest 1 to {} tokens", text, page);
  if (!format.channels)
    return;
  if (format.group < 16 || page % format.group != 0)
    fail("cache format '{}': groups of {} tokens do not fit pages of {}; 16, 32, 64 and 128 do",
         text, format.group, page);
  if (format.residual % format.group != 0)
    fail("cache format '{}': a window of {} tokens is no whole groups of {}", text, format.residual,
         format.group);
}

CacheFormat qopt::parseCacheFormat(std::string_view text) {
  std::vector<std::string_view> words = split(text, ' ');
  CacheFormat format = parseCode(words.front());
  for (size_t i = 1; i < words.size(); ++i)
    parseWord(words[i], format);
  bool isTable = format.code == Code::Uniform || format.code == Code::LloydMax;
  bool isInteger = format.code == Code::Integer;
  const size_t transforms = size_t(format.hadamard.has_value()) + size_t(format.beforeRope);
  if (!format.isScaled() && words.size() > 1 + transforms)
    fail("cache format '{}': {} has no scales", text, words.front());
  if (format.isNative() && format.hadamard)
    fail("cache format '{}': native is not rotated", text);
  if (format.asymmetric && !isInteger)
    fail("cache format '{}': only integers are asymmetric", text);
  if (format.search && (!isInteger || format.bits > 4 || format.channels))
    fail("cache format '{}': ranges are searched for int4 and int2 with scales of a token", text);
  if (format.scaleTable && !isTable)
    fail("cache format '{}': scales are looked up for uniform and lloyd_max codes only", text);
  if (format.fixed && (!isInteger || format.bits != 8 || format.asymmetric || format.group ||
                       format.hadamard || format.beforeRope))
    fail("cache format '{}': a static scale is that of int8, without other words", text);
  checkWindow(text, format);
  return format;
}

//===----------------------------------------------------------------------===//
// Fit
//===----------------------------------------------------------------------===//

/// Groups end with the vectors of 16 codes that kernels read, of which values that are looked up
/// by 2 or 4 bits have several in 16 bytes.
static int64_t leastGroup(const CacheFormat &format, bool isKey) {
  bool sharesBytes = format.storedBits() == 2 || format.storedBits() == 4;
  return isKey || format.linear() || !sharesBytes ? 16 : 16 * 8 / format.storedBits();
}

void qopt::checkCacheFormat(const CacheFormat &format, bool isKey, int64_t headDim) {
  const char *part = isKey ? "keys" : "values";
  if (format.channels && ((!isKey && !format.progressive) || headDim % 16 != 0))
    fail("{} of heads of {} elements cannot be coded by channel: keys of a multiple of 16 can, and "
         "with progressive, values",
         part, headDim);
  if (format.beforeRope && (!isKey || headDim % 2 != 0))
    fail("{} of heads of {} elements cannot be stored before_rope: keys of an even number can",
         part, headDim);
  int64_t group = format.groupOf(headDim), least = leastGroup(format, isKey);
  if (group != headDim && (headDim % group != 0 || group % least != 0)) {
    std::string fits;
    for (int64_t size = least; size < headDim; size += least)
      if (headDim % size == 0)
        fits += fmt::format("{}, ", size);
    fail("groups of {} {} do not fit {} heads of {} elements; {}{} do", group, part,
         codeText(format), headDim, fits, headDim);
  }
  if (format.hadamard && (!std::has_single_bit(uint64_t(headDim)) || headDim < 16))
    fail("heads of {} elements cannot be rotated: the Hadamard transform is of powers of two, and "
         "kernels have 16 to 256; without rotation, every format is possible",
         headDim);
}
