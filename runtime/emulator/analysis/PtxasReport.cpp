//===- PtxasReport.cpp - what ptxas -v says -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/analysis/PtxasReport.h"

#include <algorithm>
#include <charconv>

using namespace qopt;
using namespace qopt::emulator;

/// The number before `unit`, as in "16 bytes spill stores"; 0 if there is none.
static uint32_t numberBefore(std::string_view line, std::string_view unit) {
  size_t end = line.find(unit);
  if (end == std::string_view::npos)
    return 0;
  size_t begin = end;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9')
    --begin;
  uint32_t value = 0;
  std::from_chars(line.data() + begin, line.data() + end, value);
  return value;
}

/// What is in the quotes after `key`; empty if that is not in the line.
static std::string_view quotedAfter(std::string_view line, std::string_view key) {
  size_t begin = line.find(key);
  if (begin == std::string_view::npos)
    return {};
  begin += key.size();
  return line.substr(begin, line.find('\'', begin) - begin);
}

std::map<std::string, KernelResources, std::less<>>
emulator::parsePtxasReport(std::string_view text) {
  std::map<std::string, KernelResources, std::less<>> kernels;
  KernelResources *current = nullptr;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (std::string_view name = quotedAfter(line, "Compiling entry function '"); !name.empty())
      current = &kernels[std::string(name)];
    if (!current)
      continue;
    if (line.find("spill stores") != std::string_view::npos) {
      current->spillStores = numberBefore(line, " bytes spill stores");
      current->spillLoads = numberBefore(line, " bytes spill loads");
    } else if (line.find("Used ") != std::string_view::npos) {
      current->registers = numberBefore(line, " registers");
      current->staticShared = numberBefore(line, " bytes smem");
    }
  }
  return kernels;
}
