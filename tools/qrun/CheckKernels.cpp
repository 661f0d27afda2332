//===- CheckKernels.cpp - qrun check on a device --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CheckKernels.h"

#include "runtime/check/Agreement.h"
#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "tools/qrun/CheckReport.h"
#include <algorithm>
#include <cstdio>

using namespace qopt;

static Agreement checkText(const DeviceCheckOptions &options, const Model &model,
                           Device &reference) {
  const MappedFile file(options.textFile);
  std::vector<int32_t> tokens = model.tokenizer().encode(
      {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()});
  int64_t most = std::min(options.textTokens, model.plan().config.maxPosition);
  if (int64_t(tokens.size()) < 2)
    fail("{}: {} tokens are too few to compare on", options.textFile, tokens.size());
  tokens.resize(std::min(tokens.size(), size_t(most)));
  SessionOptions session{int64_t(tokens.size()), options.model.chunk, 1};
  Session ours(model.plan(), model.device(), session), theirs(model.plan(), reference, session);
  return measureAgreement(ours, theirs, tokens);
}

bool qopt::runDeviceCheck(const DeviceCheckOptions &options) {
  const bool hasText = !options.textFile.empty();
  const Model model(options.artifact, options.model,
                    hasText ? TokenizerUse::Needed : TokenizerUse::None);
  const std::unique_ptr<Device> reference = openCpuDevice(model.artifact(), {model.threads(), ""});

  CheckReport report{
      model.artifact().directory(), model.device().describe(), reference->describe(), {}, {},
      options.maxDivergence,        options.maxLogitError};
  if (!options.json)
    std::fputs(headingOf(report).c_str(), stdout);
  checkKernels(model.artifact(), model.device(), *reference, options.kernels,
               [&](const KernelCheckResult &result) {
                 report.kernels.push_back(result);
                 if (!options.json) {
                   std::fputs(toText(result).c_str(), stdout);
                   std::fflush(stdout);
                 }
               });
  if (hasText)
    report.agreement = checkText(options, model, *reference);
  if (options.json)
    std::printf("%s\n", toJson(report).dump(2).c_str());
  else
    std::fputs(summaryOf(report).c_str(), stdout);
  return report.agrees();
}
