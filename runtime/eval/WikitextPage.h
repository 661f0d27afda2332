//===- WikitextPage.h - the text side of lm-eval's wikitext task *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_WIKITEXTPAGE_H
#define QOPT_RUNTIME_EVAL_WIKITEXTPAGE_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qopt {

/// Splits a raw WikiText file into articles, as the data set EleutherAI/wikitext_document_level
/// does: a page starts at each ` = Title = ` line. Blank pages are left out, except at the end.
/// A text without titles is one page. The views point into `text`.
std::vector<std::string_view> splitWikitextPages(std::string_view text);

/// lm-eval's `wikitext_detokenizer`: undoes the tokenization of WikiText (" @-@ ", spaces around
/// punctuation, brackets and quotes), quirks included.
std::string detokenizeWikitext(std::string_view page);

/// Words as lm-eval counts them: `len(re.split(r"\s+", page))`, so white space at either end adds
/// an empty word. White space is Unicode's, as for Python.
int64_t countWords(std::string_view page);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_WIKITEXTPAGE_H
