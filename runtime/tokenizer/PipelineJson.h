//===- PipelineJson.h - the steps of tokenizer.json -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_PIPELINEJSON_H
#define QOPT_RUNTIME_TOKENIZER_PIPELINEJSON_H

#include "runtime/formats/Json.h"
#include "runtime/tokenizer/Tokenizer.h"

namespace qopt {

// What the parts of a tokenizer.json around its model mean. A step that is not supported is refused
// by name; all throw Errors that name the file and the key.

/// `normalizer`, which may be null.
Normalizer parseNormalizer(const JsonObject &tokenizer);

/// `pre_tokenizer`, which may be null.
PreTokenizer parsePreTokenizer(const JsonObject &tokenizer);

/// `post_processor`, which may be null: sets the prefix and the suffix. The vocabulary must be set.
void parsePostProcessor(const JsonObject &tokenizer, TokenizerParts &parts);

/// `decoder`; null means tokens with spaces between them.
TokenDecoder parseDecoder(const JsonObject &tokenizer);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_PIPELINEJSON_H
