//===- GenerateReport.cpp - what qrun generate prints ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/GenerateReport.h"

#include "runtime/formats/Json.h"
#include "tools/qrun/PeakMemory.h"
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

using namespace qopt;

static double perSecond(int64_t count, double seconds) {
  return seconds > 0 ? double(count) / seconds : 0;
}

static double decodeMilliseconds(const GenerationTimes &times) {
  return times.decodeSteps ? times.decodeSeconds * 1e3 / double(times.decodeSteps) : 0;
}

void qopt::printJson(const GenerateReport &report) {
  auto sequence = [&](size_t i) {
    const GeneratedText &text = report.texts[i];
    return Json{{"prompt_ids", report.prompts[i]},
                {"ids", text.ids},
                {"text", text.text},
                {"finish_reason", toString(text.reason)}};
  };
  Json json;
  if (report.texts.size() == 1) {
    json = sequence(0);
  } else {
    json["sequences"] = Json::array();
    for (size_t i = 0; i < report.texts.size(); ++i)
      json["sequences"].push_back(sequence(i));
  }
  const GenerationTimes &times = report.times;
  json["load_ms"] = report.loadMilliseconds;
  json["prefill_tokens"] = times.prefillTokens;
  json["prefill_tokens_per_s"] = perSecond(times.prefillTokens, times.prefillSeconds);
  json["decode_tokens"] = times.decodeTokens;
  json["decode_tokens_per_s"] = perSecond(times.decodeTokens, times.decodeSeconds);
  json["decode_ms_per_step"] = decodeMilliseconds(times);
  json["peak_memory_bytes"] = peakMemoryBytes();
  std::printf("%s\n", json.dump(2).c_str());
}

void qopt::printTexts(const GenerateReport &report) {
  for (size_t i = 0; i < report.texts.size(); ++i)
    std::fputs(fmt::format("=== prompt {} ===\n{}\n", i + 1, report.texts[i].text).c_str(), stdout);
}

void qopt::printSummary(const GenerateReport &report, const std::string &device) {
  const GenerationTimes &times = report.times;
  std::string text =
      fmt::format("\n{}: load {:.1f} ms; prefill {} tokens, {:.1f} tokens/s; decode {} tokens, "
                  "{:.1f} tokens/s, "
                  "{:.2f} ms/token; peak memory {:.1f} MB\n",
                  device, report.loadMilliseconds, times.prefillTokens,
                  perSecond(times.prefillTokens, times.prefillSeconds), times.decodeTokens,
                  perSecond(times.decodeTokens, times.decodeSeconds), decodeMilliseconds(times),
                  double(peakMemoryBytes()) / 1e6);
  auto isFull = [](const GeneratedText &text) { return text.reason == FinishReason::Context; };
  if (auto full = std::ranges::count_if(report.texts, isFull))
    text += fmt::format("{} of {} texts ended at the context of {} tokens\n", full,
                        report.texts.size(), report.context);
  std::fputs(text.c_str(), stderr);
}
