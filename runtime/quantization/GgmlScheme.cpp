//===- GgmlScheme.cpp - ggml's blocks as schemes --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/GgmlScheme.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace qopt {

struct Target {
  std::string_view name;
  GgmlType type;
};
static constexpr std::array<Target, 8> kTargets = {{{"q8_0", GgmlType::Q8_0},
                                                    {"q4_0", GgmlType::Q4_0},
                                                    {"q4_1", GgmlType::Q4_1},
                                                    {"q5_0", GgmlType::Q5_0},
                                                    {"q5_1", GgmlType::Q5_1},
                                                    {"q4_k", GgmlType::Q4_K},
                                                    {"q5_k", GgmlType::Q5_K},
                                                    {"q6_k", GgmlType::Q6_K}}};

std::optional<GgmlType> parseGgmlTarget(std::string_view name) {
  const auto *found = std::ranges::find(kTargets, name, &Target::name);
  return found == kTargets.end() ? std::nullopt : std::optional(found->type);
}

std::span<const std::string_view> ggmlTargetNames() {
  static constexpr auto names = [] {
    std::array<std::string_view, kTargets.size()> result;
    std::ranges::transform(kTargets, result.begin(), &Target::name);
    return result;
  }();
  return names;
}

Scheme ggmlScheme(GgmlType type) {
  const GgmlTraits &traits = ggmlTraits(type);
  assert(traits.isBlocks() && "plain floats have no scheme");
  bool is4Bit = traits.maxCode - traits.minCode < 16;
  Scheme scheme = makeScheme(is4Bit ? Storage::Int4 : Storage::Int8, traits.hasZeros, Preset::Ggml);
  scheme.arithmetic = Arithmetic::Ggml;
  scheme.granularity = Granularity::Group;
  scheme.blockRows = 1;
  scheme.blockColumns = traits.groupElements;
  scheme.minCode = traits.minCode;
  scheme.maxCode = traits.maxCode;
  scheme.divisor = traits.hasZeros ? traits.maxCode : -double(traits.minCode);
  if (type == GgmlType::Q8_0)
    scheme.divisor = traits.maxCode;
  if (type == GgmlType::MXFP4)
    scheme.scaleType = ScaleType::E8M0;
  if (traits.blockElements > 32)
    scheme.scaleType = ScaleType::F16Multiple;
  return scheme;
}

std::optional<GgmlType> ggmlTypeOf(const Scheme &scheme) {
  if (!scheme.isGgml())
    return std::nullopt;
  for (const GgmlTraits &traits : ggmlTypes())
    if (traits.isBlocks() && ggmlScheme(traits.type) == scheme)
      return traits.type;
  return std::nullopt;
}

} // namespace qopt
