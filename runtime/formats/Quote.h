//===- Quote.h - names from files, made safe to print -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_QUOTE_H
#define QOPT_RUNTIME_FORMATS_QUOTE_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace qopt {

/// `text` in single quotes for a one-line message: control characters and bytes that are no valid
/// UTF-8 come as \xNN, and what goes beyond 120 bytes as "...". Names and paths in error messages
/// come from files that may be hostile or broken.
std::string quote(std::string_view text);

/// A shape as "[32, 64]".
std::string formatShape(std::span<const int64_t> shape);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_QUOTE_H
