//===- TextFilter.h - what templates do to a field --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_TEXTFILTER_H
#define QOPT_RUNTIME_EVAL_TASKS_TEXTFILTER_H

#include <string>
#include <string_view>

namespace qopt {

/// The text that a filter without knowledge of the record makes. Filters, with X being an argument:
///
///   strip            without white space around it
///   lstrip           without white space before it
///   chop             without its last character
///   lower            in ASCII lower case
///   lower_first      with a first letter in lower case
///   capitalize       as Python's str.capitalize, of ASCII letters
///   spaces           with spaces in place of underscores
///   before:X after:X           what stands before, after the first X; all of it if there is none
///   before_last:X after_last:X the same for the last X; before_last is empty if there is none
///   replace:X:Y      with Y for every X
///   brackets         lm-eval's preprocess of HellaSwag: stripped, " [title]" as ". ", [...] gone
///   detokenize       lm-eval's general_detokenize
///
/// Throws an Error naming an unknown filter.
std::string applyFilter(std::string_view name, std::string_view argument, std::string text);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_TEXTFILTER_H
