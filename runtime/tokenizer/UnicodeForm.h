//===- UnicodeForm.h - Unicode normalization forms --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_UNICODEFORM_H
#define QOPT_RUNTIME_TOKENIZER_UNICODEFORM_H

#include <string>
#include <string_view>

namespace qopt {

enum class UnicodeForm { Nfc, Nfd, Nfkc, Nfkd };

/// `text` (valid UTF-8) in a normalization form. O(n log n), also for text that is one character
/// with a million accents.
std::string toUnicodeForm(std::string_view text, UnicodeForm form);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_UNICODEFORM_H
