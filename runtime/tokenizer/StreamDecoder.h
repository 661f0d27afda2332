//===- StreamDecoder.h - text while it is generated -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_STREAMDECODER_H
#define QOPT_RUNTIME_TOKENIZER_STREAMDECODER_H

#include "runtime/tokenizer/Tokenizer.h"
#include <cstdint>
#include <span>
#include <string>

namespace qopt {

/// Decodes ids one by one. What feed() and finish() return, joined, is what Tokenizer::decode gives
/// for all ids at once; every part is valid UTF-8.
class StreamDecoder {
public:
  /// `tokenizer` must outlive this.
  explicit StreamDecoder(const Tokenizer &tokenizer, DecodeOptions options = {})
      : tokenizer(tokenizer), options(options) {}

  /// Takes in ids whose text is not wanted: after the prompt, feed() returns its continuation, with
  /// the space that a decoder removes at the start of a text. Throws Error as feed() does.
  void prime(std::span<const int32_t> ids);

  /// The text that `id` completes; a character whose last bytes are missing is held back. Throws an
  /// Error if there is no such token.
  std::string feed(int32_t id);

  /// The rest: U+FFFD for a character that never became complete.
  std::string finish();

private:
  std::string drain(bool isFinal);

  const Tokenizer &tokenizer;
  DecodeOptions options;
  std::string pending;   ///< Bytes that may become a character.
  bool hasToken = false; ///< A token was taken in.
  size_t strippedCount = 0;
  bool isStripping = true; ///< Nothing but stripped characters came so far.
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_STREAMDECODER_H
