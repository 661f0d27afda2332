//===- Scorer.cpp - logits reduced where they are -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/Scorer.h"

#include "runtime/formats/Error.h"
#include <cassert>
#include <cmath>

using namespace qopt;

static Bindings withLogits(Bindings bindings, const BoundFunction &head) {
  bindings.inputs[size_t(StepInput::Logits)] = head.resultAddress();
  return bindings;
}

static JoinedFunction join(const BoundFunction &body, const BoundFunction &head,
                           const BoundFunction &scores) {
  const BoundFunction *parts[] = {&body, &head, &scores};
  return JoinedFunction(parts);
}

Scorer::Scorer(Device &device, const PlanFunction &score, const BoundFunction &body,
               const BoundFunction &head, Bindings bindings, int64_t maxRows)
    : scores(device, score, withLogits(bindings, head), maxRows), joined(join(body, head, scores)) {
  bindings = withLogits(bindings, head);
  bindings.slots = joined.slots;
  boundStep = device.bind(joined.plan, bindings);
  for (Result &result : results)
    result.copy = scores.makeReadback(head.function().rows.value_or(maxRows));
}

void Scorer::begin(int64_t rows) {
  assert(numBegun - numWaited < results.size());
  Result &result = results[numBegun++ % results.size()];
  result.rows = rows;
  result.copy->begin();
}

void Scorer::score(const StepShape &shape) {
  scores.run(shape);
  begin(shape.rows);
}

void Scorer::step(const StepShape &shape) {
  boundStep->run(shape);
  begin(shape.rows);
}

std::vector<RowScore> Scorer::wait() {
  Result &result = results[numWaited++ % results.size()];
  const auto *numbers = reinterpret_cast<const float *>(result.copy->wait().data());
  std::vector<RowScore> rows;
  for (int64_t i = 0; i < result.rows; ++i, numbers += scores.function().result.stride) {
    auto number = [&](ScoreColumn column) { return numbers[size_t(column)]; };
    if (float broken = number(ScoreColumn::Broken); broken >= 0)
      fail("row {} of the step: the logit of token {} is not finite; the weights or the kernels "
           "are broken",
           i, int64_t(broken));
    rows.push_back({int32_t(number(ScoreColumn::Likeliest)), number(ScoreColumn::Greatest),
                    std::log(double(number(ScoreColumn::Sum))), number(ScoreColumn::TargetLogit)});
  }
  return rows;
}
