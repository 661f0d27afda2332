//===- StopStrings.h - where a text is to end -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SAMPLING_STOPSTRINGS_H
#define QOPT_RUNTIME_SAMPLING_STOPSTRINGS_H

#include <string>
#include <string_view>
#include <vector>

namespace qopt {

/// Passes a text on as it comes, up to the first occurrence of any of some strings. What may be the
/// beginning of one is held back, so no part of a stop string is ever passed on.
class StopStrings {
public:
  /// Throws an Error if a string is empty.
  explicit StopStrings(std::vector<std::string> strings);

  /// Takes in the next part of the text; returns what can be passed on. Parts and results are valid
  /// UTF-8 if the stop strings are.
  std::string feed(std::string_view part);
  /// What was held back, at the end of the text.
  std::string finish();
  /// Whether a stop string occurred; nothing more is passed on.
  bool stopped() const { return hasStopped; }

private:
  std::vector<std::string> strings;
  std::string held;
  bool hasStopped = false;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SAMPLING_STOPSTRINGS_H
