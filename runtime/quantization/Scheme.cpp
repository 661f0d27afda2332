//===- Scheme.cpp ---------------------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/Scheme.h"
#include "runtime/formats/Error.h"
#include "runtime/quantization/GgmlScheme.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace qopt {

static constexpr std::array<std::string_view, 7> kStorageNames = {
    "int8", "int4", "fp8_e4m3", "fp8_e5m2", "fp4_e2m1", "bf16", "f16"};
static constexpr std::array<std::string_view, 5> kPresetNames = {"default", "torchao", "ggml",
                                                                 "modelopt", "study"};

std::string_view name(Storage storage) { return kStorageNames[size_t(storage)]; }
std::span<const std::string_view> storageNames() { return kStorageNames; }
std::span<const std::string_view> presetNames() { return kPresetNames; }

template <typename Enum, size_t N>
static std::optional<Enum> parseName(const std::array<std::string_view, N> &names,
                                     std::string_view text) {
  auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end())
    return std::nullopt;
  return Enum(it - names.begin());
}

std::optional<Storage> parseStorage(std::string_view text) {
  return parseName<Storage>(kStorageNames, text);
}
std::optional<Preset> parsePreset(std::string_view text) {
  return parseName<Preset>(kPresetNames, text);
}

int64_t codeBits(Storage storage) {
  switch (storage) {
  case Storage::Int4:
  case Storage::Fp4E2M1:
    return 4;
  case Storage::Int8:
  case Storage::Fp8E4M3:
  case Storage::Fp8E5M2:
    return 8;
  case Storage::BF16:
  case Storage::F16:
    return 16;
  }
  __builtin_unreachable();
}

int64_t parameterBits(const Scheme &scheme) {
  if (!scheme.hasScale())
    return 0;
  int64_t count = scheme.zeroPoint == ZeroPoint::None ? 1 : 2;
  switch (scheme.scaleType) {
  case ScaleType::F32:
    return 32 * count;
  case ScaleType::F16:
    return 16 * count;
  case ScaleType::E8M0:
  case ScaleType::E4M3:
    return 8 * count;
  case ScaleType::F16Multiple:
    return (8 + 16 * scheme.blockColumns / kSharedScaleColumns) * count;
  }
  __builtin_unreachable();
}

/// The largest finite magnitude of a float storage type.
static double largestValue(Storage storage) {
  switch (storage) {
  case Storage::Fp8E4M3:
    return 448;
  case Storage::Fp8E5M2:
    return 57344;
  default:
    return 6;
  }
}

static Scheme makeIntegerScheme(Storage storage, bool asymmetric, Preset preset) {
  Scheme scheme;
  scheme.storage = storage;
  bool is4 = storage == Storage::Int4;
  int32_t largest = is4 ? 7 : 127;
  scheme.maxCode = largest;
  if (asymmetric) {
    // Unsigned codes from the minimum up; torchao's int8 has signed codes and an integer zero.
    bool torchaoInt8 = preset == Preset::Torchao && !is4;
    scheme.zeroPoint = torchaoInt8 ? ZeroPoint::Integer : ZeroPoint::Minimum;
    scheme.divisor = is4 ? 15 : 255;
    scheme.minCode = torchaoInt8 ? -128 : 0;
    scheme.maxCode = torchaoInt8 ? 127 : int32_t(scheme.divisor);
  } else {
    bool wide = preset == Preset::Torchao;
    scheme.divisor = wide ? largest + 0.5 : largest;
    scheme.minCode = wide ? -largest - 1 : -largest;
  }
  switch (preset) {
  case Preset::Default:
    break;
  case Preset::Torchao:
    scheme.arithmetic = Arithmetic::Reciprocal;
    scheme.minScale = 0x1p-23; // float32 epsilon
    break;
  case Preset::Ggml:
    scheme.arithmetic = Arithmetic::Reciprocal;
    scheme.rounding = Rounding::HalfAway;
    scheme.scaleType = ScaleType::F16;
    break;
  case Preset::Modelopt:
    scheme.arithmetic = Arithmetic::Multiplier;
    break;
  case Preset::Study:
    scheme.arithmetic = Arithmetic::Normalize;
    scheme.minAmax = 1e-8;
    break;
  }
  return scheme;
}

Scheme makeScheme(Storage storage, bool asymmetric, Preset preset) {
  if (storage == Storage::Int8 || storage == Storage::Int4)
    return makeIntegerScheme(storage, asymmetric, preset);
  if (asymmetric)
    fail("{} has a sign and no zero point: asymmetric quantization needs int8 or int4",
         name(storage));
  Scheme scheme;
  scheme.storage = storage;
  if (!scheme.hasScale())
    return scheme;
  if (preset == Preset::Ggml)
    fail("preset ggml has no {}; it defines int8 and int4", name(storage));
  scheme.divisor = largestValue(storage);
  scheme.minCode = scheme.maxCode = 0;
  if (preset == Preset::Modelopt)
    scheme.arithmetic = Arithmetic::Multiplier;
  if (preset == Preset::Study) {
    scheme.arithmetic = Arithmetic::Normalize;
    scheme.minAmax = 1e-8;
  }
  return scheme;
}

/// A positive number, or an Error about granularity `text`.
static int64_t parseSize(std::string_view digits, std::string_view text) {
  int64_t size = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (error != std::errc() || end != digits.data() + digits.size() || size < 1)
    fail("granularity '{}' has no size; tensor, row, group:N and block:RxC are known", text);
  return size;
}

static void setGranularity(Scheme &scheme, std::string_view text) {
  if (text == "tensor") {
    scheme.granularity = Granularity::Tensor;
  } else if (text == "row") {
    scheme.granularity = Granularity::Row;
  } else if (text.starts_with("group:")) {
    scheme.granularity = Granularity::Group;
    scheme.blockRows = 1;
    scheme.blockColumns = parseSize(text.substr(6), text);
  } else if (text.starts_with("block:")) {
    size_t cross = text.find('x');
    if (cross == std::string_view::npos)
      fail("granularity '{}' needs rows and columns, as in block:128x128", text);
    scheme.granularity = Granularity::Block;
    scheme.blockRows = parseSize(text.substr(6, cross - 6), text);
    scheme.blockColumns = parseSize(text.substr(cross + 1), text);
  } else {
    fail("unknown granularity '{}'; tensor, row, group:N and block:RxC are known", text);
  }
}

Scheme parseScheme(const SchemeText &text) {
  std::optional<Preset> preset = parsePreset(text.preset);
  if (!preset)
    fail("unknown preset '{}'; {} are known", text.preset, fmt::join(kPresetNames, ", "));
  bool isNvFp4 = text.type == "nvfp4", isMxFp4 = text.type == "mxfp4";
  if (isNvFp4 || isMxFp4) {
    Scheme scheme = makeScheme(Storage::Fp4E2M1, text.asymmetric, *preset);
    scheme.scaleType = isNvFp4 ? ScaleType::E4M3 : ScaleType::E8M0;
    std::string_view defined = isNvFp4 ? "group:16" : "group:32";
    if (!text.granularity.empty() && text.granularity != defined)
      fail("{} has {} by definition, not granularity '{}'", text.type, defined, text.granularity);
    setGranularity(scheme, defined);
    return scheme;
  }
  if (std::optional<GgmlType> ggml = parseGgmlTarget(text.type)) {
    Scheme scheme = ggmlScheme(*ggml);
    std::string defined = fmt::format("group:{}", scheme.blockColumns);
    if (text.asymmetric || (!text.granularity.empty() && text.granularity != defined))
      fail("{} {} and has {} by definition, not {}", text.type,
           scheme.zeroPoint == ZeroPoint::None ? "is symmetric" : "has zeros", defined,
           text.asymmetric ? "asymmetric codes"
                           : fmt::format("granularity '{}'", text.granularity));
    return scheme;
  }
  std::optional<Storage> storage = parseStorage(text.type);
  if (!storage || *storage == Storage::Fp4E2M1)
    fail("unknown type '{}'; int8, int4, fp8_e4m3, fp8_e5m2, nvfp4, mxfp4, {}, bf16 and f16 are "
         "known",
         text.type, fmt::join(ggmlTargetNames(), ", "));
  Scheme scheme = makeScheme(*storage, text.asymmetric, *preset);
  if (!scheme.hasScale() && !text.granularity.empty())
    fail("{} only rounds and has no scales: granularity '{}' makes no sense", text.type,
         text.granularity);
  if (!text.granularity.empty())
    setGranularity(scheme, text.granularity);
  return scheme;
}

BlockShape blockShape(const Scheme &scheme, int64_t rows, int64_t columns,
                      std::string_view tensorName) {
  auto check = [&](int64_t block, int64_t size, std::string_view what) {
    if (block > 0 && size % block == 0)
      return;
    std::vector<std::string> fits;
    for (int64_t candidate : {16, 32, 64, 128, 256, 512})
      if (size % candidate == 0)
        fits.push_back(std::to_string(candidate));
    fail("{} size {} does not divide {} {} of '{}' [{}, {}]; {}",
         scheme.granularity == Granularity::Group ? "group" : "block", block, what, size,
         tensorName, rows, columns,
         fits.empty() ? "no multiple of 16 does: use granularity row"
                      : fmt::format("{} would", fmt::join(fits, ", ")));
  };
  switch (scheme.granularity) {
  case Granularity::Tensor:
    return {rows, columns};
  case Granularity::Row:
    return {1, columns};
  case Granularity::Group:
    check(scheme.blockColumns, columns, "columns");
    if (std::optional<GgmlType> type = ggmlTypeOf(scheme);
        type && columns % ggmlTraits(*type).blockElements != 0)
      fail(
          "{} has blocks of {}, which do not divide columns {} of '{}' [{}, {}]; q8_0, q4_0, q4_1, "
          "q5_0 and q5_1 have blocks of 32",
          ggmlTraits(*type).name, ggmlTraits(*type).blockElements, columns, tensorName, rows,
          columns);
    return {1, scheme.blockColumns};
  case Granularity::Block:
    check(scheme.blockRows, rows, "rows");
    check(scheme.blockColumns, columns, "columns");
    return {scheme.blockRows, scheme.blockColumns};
  }
  __builtin_unreachable();
}

std::string describe(const Scheme &scheme) {
  std::string text(name(scheme.storage));
  if (!scheme.hasScale())
    return text + " (rounded)";
  switch (scheme.granularity) {
  case Granularity::Tensor:
    text += " tensor";
    break;
  case Granularity::Row:
    text += " row";
    break;
  case Granularity::Group:
    text += fmt::format(" group:{}", scheme.blockColumns);
    break;
  case Granularity::Block:
    text += fmt::format(" block:{}x{}", scheme.blockRows, scheme.blockColumns);
    break;
  }
  text += scheme.zeroPoint == ZeroPoint::None ? fmt::format(", amax/{}", scheme.divisor)
                                              : fmt::format(", range/{}", scheme.divisor);
  if (std::optional<GgmlType> type = ggmlTypeOf(scheme))
    text += fmt::format(", {}", ggmlTraits(*type).name);
  else if (scheme.isInteger())
    text += scheme.rounding == Rounding::HalfEven ? ", half_even" : ", half_away";
  return text;
}

} // namespace qopt
