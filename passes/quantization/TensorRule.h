//===- TensorRule.h - which tensors a rule selects --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_TENSORRULE_H
#define QOPT_PASSES_QUANTIZATION_TENSORRULE_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/Regex.h"
#include <memory>
#include <optional>
#include <string>

namespace qopt {

/// The layer that a checkpoint name belongs to: 3 for `model.layers.3.mlp.up_proj.weight`,
/// `transformer.h.3.ln_1.weight` and `blk.3.ffn_up.weight`; none for the embedding and the head.
std::optional<int64_t> layerOf(llvm::StringRef tensorName);

/// A set of layers, "0-3,11".
class LayerSet {
public:
  /// Parses; an Error message in `error` otherwise. Empty text is every layer.
  static std::optional<LayerSet> parse(llvm::StringRef text, std::string &error);
  bool contains(int64_t layer) const;
  bool isEvery() const { return ranges.empty(); }

private:
  llvm::SmallVector<std::pair<int64_t, int64_t>> ranges;
};

/// A regular expression (POSIX extended) that must match a whole name.
class WholeMatch {
public:
  static std::optional<WholeMatch> parse(llvm::StringRef text, std::string &error);
  bool matches(llvm::StringRef name) const { return regex->match(name); }

private:
  explicit WholeMatch(llvm::Regex regex)
      : regex(std::make_shared<const llvm::Regex>(std::move(regex))) {}
  /// Shared because passes are copied and a Regex is not.
  std::shared_ptr<const llvm::Regex> regex;
};

/// What the options `layers`, `tensors` and `skip` of a pass say about a tensor's checkpoint name.
class TensorRule {
public:
  /// Parses all three; an Error message in `error` otherwise.
  static std::optional<TensorRule> parse(llvm::StringRef layers, llvm::StringRef tensors,
                                         llvm::StringRef skip, std::string &error);

  /// Whether `tensors` or, where it is not given, `isDefault` selects the name, in these layers.
  bool selects(llvm::StringRef name, bool isDefault) const;
  bool skips(llvm::StringRef name) const { return skip && skip->matches(name); }
  /// " layers='0-3' skip='.*'": the options that are given.
  const std::string &text() const { return words; }

private:
  LayerSet layers;
  std::optional<WholeMatch> tensors, skip;
  std::string words;
};

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_TENSORRULE_H
