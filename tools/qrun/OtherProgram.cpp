//===- OtherProgram.cpp - rates of another program's benchmark ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/OtherProgram.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "tools/qrun/ChildProcess.h"
#include <sys/wait.h>

using namespace qopt;

static std::string readOutput(const std::string &command) {
  auto [status, output] = runChild({"/bin/sh", "-c", command});
  if (WIFSIGNALED(status))
    fail("--vs: '{}' was ended by signal {}", command, WTERMSIG(status));
  if (status != 0)
    fail("--vs: '{}' ended with status {}", command, WEXITSTATUS(status));
  return output;
}

/// One test of llama-bench; those of prompt and generation together have no name here.
static void addLlamaBenchTest(const Json &test, ProgramRates &rates) {
  const int64_t prompt = test.at("n_prompt"), generated = test.at("n_gen");
  const int64_t depth = test.value("n_depth", int64_t(0));
  if ((prompt > 0) == (generated > 0))
    return;
  std::string name = prompt > 0 ? fmt::format("pp{}", prompt) : fmt::format("tg{}", generated);
  if (depth > 0)
    name += fmt::format(" @ d{}", depth);
  rates[name] = test.at("avg_ts");
}

ProgramRates qopt::runOtherProgram(const std::string &command) {
  const std::string output = readOutput(command);
  ProgramRates rates;
  try {
    for (const Json &entry : Json::parse(output)) {
      if (!entry.contains("tests")) {
        addLlamaBenchTest(entry, rates);
        continue;
      }
      for (const Json &test : entry.at("tests"))
        rates[test.at("name")] = test.at("tokens_per_s");
    }
  } catch (const Json::exception &problem) {
    fail("--vs: what '{}' prints is not the JSON of `llama-bench -o json` or `qrun bench --json`: "
         "{}",
         command, problem.what());
  }
  return rates;
}
