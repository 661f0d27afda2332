//===- AnswerText.h - when two answers are the same -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_ANSWERTEXT_H
#define QOPT_RUNTIME_EVAL_TASKS_ANSWERTEXT_H

#include <string>
#include <string_view>

namespace qopt {

/// GSM8K's strict extraction: what `#### (-?[0-9.,]+)` finds first; "[invalid]" if nothing.
std::string strictNumber(std::string_view text);
/// GSM8K's flexible extraction: what `(-?[$0-9.,]{2,})|(-?[0-9]+)` finds last, or "[invalid]".
std::string flexibleNumber(std::string_view text);
/// What GSM8K's numbers are compared as: without `,` and `$`, a dot at the end, and everything up
/// to the last "#### ".
std::string normalizedNumber(std::string_view text);

/// SQuAD's normalize_answer: lower case, no ASCII punctuation, no articles, single spaces.
std::string normalizedAnswer(std::string_view text);
/// SQuAD's F1 of the words of the normalized answers.
double answerF1(std::string_view prediction, std::string_view answer);

/// CMRC 2018's remove_punctuation, for exact match.
std::string normalizedChinese(std::string_view text);
/// CMRC 2018's F1: of the longest run that both have, in Chinese characters and other words (parted
/// by white space, where the original asks nltk).
double chineseF1(std::string_view prediction, std::string_view answer);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_ANSWERTEXT_H
