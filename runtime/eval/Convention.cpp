//===- Convention.cpp - names of the conventions --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/Convention.h"
#include "runtime/formats/Error.h"
#include <array>

namespace qopt {

namespace {
constexpr std::array<std::string_view, 3> names = {"llama.cpp", "gptq", "lm-eval"};
} // namespace

std::string_view toString(Convention convention) { return names[size_t(convention)]; }

Convention parseConvention(std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return Convention(i);
  fail("unknown perplexity convention '{}'; there are {}, {} and {}", name, names[0], names[1],
       names[2]);
}

} // namespace qopt
