//===- TensorRule.cpp -----------------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/TensorRule.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt {

std::optional<int64_t> layerOf(StringRef tensorName) {
  SmallVector<StringRef> parts;
  tensorName.split(parts, '.');
  for (auto [container, number] : zip(parts, ArrayRef(parts).drop_front())) {
    int64_t layer;
    if ((container == "layers" || container == "h" || container == "blk") &&
        !number.getAsInteger(10, layer))
      return layer;
  }
  return std::nullopt;
}

std::optional<LayerSet> LayerSet::parse(StringRef text, std::string &error) {
  LayerSet set;
  if (text.empty())
    return set;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    auto [first, last] = part.split('-');
    int64_t low, high;
    if (first.trim().getAsInteger(10, low) ||
        (last.empty() ? part.contains('-') : last.trim().getAsInteger(10, high))) {
      error = ("layers='" + text + "': '" + part +
               "' is no layer number or range; numbers and ranges such as 0-3,11 are")
                  .str();
      return std::nullopt;
    }
    if (last.empty())
      high = low;
    if (low < 0 || high < low) {
      error = ("layers='" + text + "': the range '" + part + "' is empty").str();
      return std::nullopt;
    }
    set.ranges.emplace_back(low, high);
  }
  return set;
}

bool LayerSet::contains(int64_t layer) const {
  return isEvery() || any_of(ranges, [layer](auto range) {
           return range.first <= layer && layer <= range.second;
         });
}

std::optional<WholeMatch> WholeMatch::parse(StringRef text, std::string &error) {
  Regex regex(("^(" + text + ")$").str());
  std::string why;
  if (!regex.isValid(why)) {
    error = ("'" + text + "' is no regular expression: " + why).str();
    return std::nullopt;
  }
  return WholeMatch(std::move(regex));
}

std::optional<TensorRule> TensorRule::parse(StringRef layers, StringRef tensors, StringRef skip,
                                            std::string &error) {
  TensorRule rule;
  std::optional<LayerSet> layerSet = LayerSet::parse(layers, error);
  if (!layerSet)
    return std::nullopt;
  rule.layers = *layerSet;
  for (auto [name, text, match] :
       {std::tuple{"tensors", tensors, &rule.tensors}, std::tuple{"skip", skip, &rule.skip}}) {
    if (text.empty())
      continue;
    *match = WholeMatch::parse(text, error);
    if (!*match) {
      error.insert(0, std::string(name) + "=");
      return std::nullopt;
    }
  }
  for (auto [name, text] : {std::pair{"layers", layers}, {"tensors", tensors}, {"skip", skip}})
    if (!text.empty())
      rule.words += (Twine(" ") + name + "='" + text + "'").str();
  return rule;
}

bool TensorRule::selects(StringRef name, bool isDefault) const {
  if (tensors ? !tensors->matches(name) : !isDefault)
    return false;
  std::optional<int64_t> layer = layerOf(name);
  return layers.isEvery() || (layer && layers.contains(*layer));
}

} // namespace qopt
