//===- ScoreCheck.cpp - scores against float64 ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/check/ScoreCheck.h"

#include "runtime/check/GroupRun.h"
#include <algorithm>
#include <cmath>

using namespace qopt;

/// Nats. Sums of a tree of f32 and exponentials within 2 units in the last place.
static constexpr double probabilityLimit = 2e-6;

namespace {

/// What a score must be.
struct ExpectedScore {
  int32_t likeliest = 0;
  int32_t broken = -1;
  double logProbability = 0; ///< Of the target.
};

/// What a row is like.
enum class RowKind : uint8_t { Plain, Ties, Flat, Broken };
constexpr int64_t numRowKinds = 4;

} // namespace

static void drawRow(std::span<float> row, RowKind kind, std::mt19937 &random) {
  std::normal_distribution<float> normal(0, 3);
  std::ranges::generate(row, [&] { return normal(random); });
  auto anywhere = [&]() -> float & { return row[random() % row.size()]; };
  switch (kind) {
  case RowKind::Plain:
    break;
  case RowKind::Ties:
    for (int i = 0; i < 3; ++i)
      anywhere() = 20;
    break;
  case RowKind::Flat:
    std::ranges::fill(row, -1.25f);
    anywhere() = 12.5f;
    break;
  case RowKind::Broken:
    anywhere() = std::numeric_limits<float>::quiet_NaN();
    anywhere() = std::numeric_limits<float>::infinity();
    break;
  }
}

static ExpectedScore expectedOf(std::span<const float> row, int32_t target) {
  ExpectedScore expected;
  auto broken = std::ranges::find_if_not(row, [](float x) { return std::isfinite(x); });
  if (broken != row.end()) {
    expected.broken = int32_t(broken - row.begin());
    return expected;
  }
  auto greatest = std::ranges::max_element(row);
  expected.likeliest = int32_t(greatest - row.begin());
  double sum = 0;
  for (float x : row)
    sum += std::exp(double(x) - *greatest);
  expected.logProbability = double(row[size_t(target)]) - *greatest - std::log(sum);
  return expected;
}

KernelCheckResult qopt::checkScore(const Plan &plan, Device &device, int64_t rows,
                                   std::mt19937 &random) {
  const PlanFunction &function = *device.target().score;
  const auto vocabulary = size_t(plan.config.vocabSize);
  std::vector<float> logits(size_t(rows) * vocabulary);
  std::vector<int32_t> targets;
  std::vector<ExpectedScore> expected;
  for (int64_t i = 0; i < rows; ++i) {
    std::span<float> row = std::span(logits).subspan(size_t(i) * vocabulary, vocabulary);
    drawRow(row, RowKind((i + rows) % numRowKinds), random);
    targets.push_back(int32_t(random() % vocabulary));
    expected.push_back(expectedOf(row, targets.back()));
  }

  const LaunchGroup group(function, function.launches);
  const std::optional<CheckStep> step = CheckStep::draw(plan, {rows, 1}, 0, random);
  GroupRun run(plan, device, group, *step);
  run.writeLogits(logits, targets);
  run.run();
  const std::vector<float> scores = run.read(
      {function.result.slot, function.result.columns, function.result.type, /*isResult=*/true});
  const std::vector<int32_t> nextIds = run.readNextIds();

  ResultError ids{"ids", 0, 0, 0}, probabilities{"log p", 0, 0, probabilityLimit};
  auto add = [&](ResultError &error, double e) {
    error.max = std::max(error.max, std::isnan(e) ? std::numeric_limits<double>::infinity() : e);
    error.mean += e / double(rows);
  };
  for (size_t i = 0; i < size_t(rows); ++i) {
    auto score = [&](ScoreColumn column) {
      return double(scores[i * size_t(numScoreColumns) + size_t(column)]);
    };
    if (expected[i].broken >= 0) {
      add(ids, score(ScoreColumn::Broken) != expected[i].broken);
      continue;
    }
    add(ids, score(ScoreColumn::Broken) != -1 ||
                 score(ScoreColumn::Likeliest) != expected[i].likeliest ||
                 nextIds[i] != expected[i].likeliest);
    double logProbability = score(ScoreColumn::TargetLogit) - score(ScoreColumn::Greatest) -
                            std::log(score(ScoreColumn::Sum));
    add(probabilities, std::abs(logProbability - expected[i].logProbability));
  }
  return {function.name,       group.kernels(), function.launches.front().location, {rows, 1}, 0,
          {ids, probabilities}};
}
