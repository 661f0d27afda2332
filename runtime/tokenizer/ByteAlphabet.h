//===- ByteAlphabet.h - bytes written as printable characters ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_BYTEALPHABET_H
#define QOPT_RUNTIME_TOKENIZER_BYTEALPHABET_H

#include <string>
#include <string_view>

namespace qopt {

/// The alphabet that GPT-2 and all byte-level vocabularies since write their tokens in: printable
/// Latin-1 bytes stand for themselves, the others are U+0100 and up, so that ' ' is "Ġ".

/// Appends `bytes` in the alphabet.
void appendInByteAlphabet(std::string_view bytes, std::string &out);

/// Appends the bytes that `text` (valid UTF-8) stands for; as HF tokenizers do, `text` itself if a
/// character of it is not in the alphabet.
void appendFromByteAlphabet(std::string_view text, std::string &out);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_BYTEALPHABET_H
