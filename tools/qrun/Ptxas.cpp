//===- Ptxas.cpp - runs ptxas where there is one --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/Ptxas.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "tools/qrun/ChildProcess.h"
#include <sys/wait.h>
#include <unistd.h>

using namespace qopt;

std::optional<std::string> qopt::findPtxas() {
  const char *variable = getenv("PATH");
  std::string_view path = variable ? variable : "";
  while (!path.empty()) {
    std::string_view directory = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(directory.size() + 1, path.size()));
    std::string candidate = fmt::format("{}/ptxas", directory);
    if (!directory.empty() && access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return std::nullopt;
}

std::map<std::string, emulator::KernelResources, std::less<>>
qopt::runPtxas(const std::string &ptxas, const std::string &file, const std::string &chip) {
  auto [status, text] = runChild({ptxas, "-v", "-arch=" + chip, "-o", "/dev/null", file},
                                 ChildOutput::ReadWithErrors);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail("{}: ptxas refuses it for {}: {}", file, chip, quote(text.substr(0, text.find('\n'))));
  return emulator::parsePtxasReport(text);
}
