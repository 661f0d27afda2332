//===- PositiveNumber.h - a check of options --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_POSITIVENUMBER_H
#define QOPT_TOOLS_QRUN_POSITIVENUMBER_H

#include <CLI/CLI.hpp>

namespace qopt {

/// Accepts what is above 0. CLI11's own check of that name prints the largest double when it fails.
inline const CLI::Validator positiveNumber(
    [](const std::string &text) {
      double value = 0;
      const bool isPositive = CLI::detail::lexical_cast(text, value) && value > 0;
      return isPositive ? std::string() : "Value " + text + " is not a number above 0";
    },
    "POSITIVE");

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_POSITIVENUMBER_H
