//===- KernelCheck.cpp - kernels of a device against the CPU's ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/check/KernelCheck.h"

#include "runtime/check/GroupRun.h"
#include "runtime/check/ScoreCheck.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/CacheFormat.h"
#include "runtime/quantization/MiniFloat.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

using namespace qopt;

bool KernelCheckResult::agrees() const {
  return std::ranges::all_of(errors, [](const ResultError &e) { return e.max <= e.limit; });
}

/// What rounding to the result's type costs, and approximations of exp and tanh; sums of f32 in
/// another order. Twice as much
/// where one side rounds what codes of the cache stand for. More where one side alone rounds the
/// weights, or its q, softmax and result of attention, each by up to 2^-8 of it. Values that nearly
/// lie between two codes may become either: those of int8 are some 40 on average, those of fp8 an
/// eighth or a quarter of the value apart.
static double limitFor(DType type, bool roundsWeights = false, bool isAttention = false) {
  if (type == DType::I8)
    return 1.0 / 24;
  if (type == DType::F8E4M3 || type == DType::F8E5M2)
    return type == DType::F8E4M3 ? 1.0 / 8 : 1.0 / 4;
  if (roundsWeights)
    return 1.0 / 32;
  // An attention stores f32 where its result is quantized, after the same roundings.
  if (type == DType::F32 && !isAttention)
    return 5e-4;
  return isAttention ? 3.0 / 256 : 1.0 / 128;
}

/// Whether launches take weights in bf16 that the artifact has in another type.
static bool roundsWeights(const Artifact &artifact, const LaunchGroup &group) {
  for (const PlanLaunch &launch : group.function.launches)
    for (const PlanArgument &argument : launch.arguments)
      if (auto *weight = std::get_if<WeightArgument>(&argument);
          weight && weight->form == WeightForm::RowsBf16 &&
          artifact.weight(weight->weight).dtype != DType::BF16)
        return true;
  return false;
}

static ResultError compare(std::string what, std::span<const float> values,
                           std::span<const float> reference, double limit) {
  ResultError error{std::move(what), 0, 0, limit};
  double squares = 0;
  for (float x : reference)
    squares += double(x) * x;
  const double rms = std::sqrt(squares / double(reference.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    double e = std::abs(double(values[i]) - reference[i]) / (std::abs(reference[i]) + rms + 1e-30);
    if (!std::isfinite(values[i]) || !std::isfinite(reference[i]))
      e = std::numeric_limits<double>::infinity();
    error.max = std::max(error.max, e);
    error.mean += e / double(values.size());
  }
  return error;
}

namespace {

/// Checks one pair of groups at one step.
class PairCheck {
public:
  PairCheck(const Artifact &artifact, Device &checkedDevice, Device &referenceDevice,
            const GroupPair &pair, const CheckStep &step, std::mt19937 &random)
      : artifact(artifact), plan(artifact.plan()),
        roundedWeights(roundsWeights(artifact, pair.checked)), pair(pair),
        checkedDevice(checkedDevice), referenceDevice(referenceDevice),
        caches(checkedDevice.target().caches), step(step), random(random),
        checked(plan, checkedDevice, pair.checked, step),
        reference(plan, referenceDevice, pair.reference, step) {}

  std::vector<ResultError> run();

private:
  std::vector<float> draw(size_t count, bool roundsToBf16);
  std::vector<float> drawCodes(size_t count);
  std::vector<float> drawFp8(const GroupRows &ours);
  /// Codes of fp8, as values by their scales.
  std::vector<float> scaled(const GroupRows &ours, std::vector<float> codes,
                            std::span<const float> scales) const;
  void drawOperands();
  void drawHidden();
  void drawCaches();
  void appendPast();
  void compareCaches(std::vector<ResultError> &errors) const;

  const Artifact &artifact;
  const Plan &plan;
  bool roundedWeights;
  const GroupPair &pair;
  Device &checkedDevice, &referenceDevice;
  const std::vector<PlanCache> &caches;
  const CheckStep &step;
  std::mt19937 &random;
  GroupRun checked, reference;
};

} // namespace

/// Of a standard normal distribution; where one side takes them as bf16, such that it can.
std::vector<float> PairCheck::draw(size_t count, bool roundsToBf16) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values) {
    value = normal(random);
    if (roundsToBf16)
      value = bf16ToF32(f32ToBf16(value));
  }
  return values;
}

std::vector<float> PairCheck::drawCodes(size_t count) {
  std::uniform_int_distribution<int> codes(-127, 127);
  std::vector<float> values(count);
  std::ranges::generate(values, [&] { return float(codes(random)); });
  return values;
}

std::vector<float> PairCheck::scaled(const GroupRows &ours, std::vector<float> codes,
                                     std::span<const float> scales) const {
  float given = 1;
  if (ours.scaleWeight)
    std::memcpy(&given, artifact.weight(*ours.scaleWeight).bytes.data(), sizeof(given));
  const auto group = scales.empty() ? size_t(1) : codes.size() / scales.size();
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] *= scales.empty() ? given : scales[i / group];
  return codes;
}

/// Writes codes and scales, and returns what they stand for.
std::vector<float> PairCheck::drawFp8(const GroupRows &ours) {
  const auto rows = size_t(step.shape.rows);
  std::vector<float> codes = draw(rows * size_t(ours.columns), /*roundsToBf16=*/false), scales;
  for (float &code : codes)
    code = ours.type == DType::F8E4M3 ? Fp8E4M3::decode(Fp8E4M3::encode(code * 64))
                                      : Fp8E5M2::decode(Fp8E5M2::encode(code * 64));
  checked.write(ours, codes);
  if (ours.scales) {
    scales = draw(rows * size_t(ours.scales->columns), /*roundsToBf16=*/false);
    checked.write(*ours.scales, scales);
  }
  return scaled(ours, std::move(codes), scales);
}

void PairCheck::drawOperands() {
  for (size_t i = 0; i < pair.checked.operands.size(); ++i) {
    const GroupRows &ours = pair.checked.operands[i], &theirs = pair.reference.operands[i];
    if (ours.isFp8()) {
      reference.write(theirs, drawFp8(ours));
      continue;
    }
    bool roundsToBf16 = ours.type == DType::BF16 || theirs.type == DType::BF16;
    const auto count = size_t(step.shape.rows * ours.columns);
    std::vector<float> rows = ours.type == DType::I8 ? drawCodes(count) : draw(count, roundsToBf16);
    checked.write(ours, rows);
    reference.write(theirs, rows);
  }
}

void PairCheck::drawHidden() {
  std::vector<float> rows = draw(size_t(step.shape.rows * plan.config.hiddenSize), true);
  checked.writeHidden(rows);
  reference.writeHidden(rows);
}

void PairCheck::drawCaches() {
  int64_t tokens = 0;
  for (const CheckStep::Sequence &sequence : step.sequences)
    tokens += sequence.past + sequence.tokens;
  for (size_t i : pair.checked.caches)
    for (CachePart part : {CachePart::Key, CachePart::Value}) {
      std::vector<float> elements =
          draw(size_t(tokens * caches[i].kvHeads * caches[i].headDim), true);
      checked.writeCache(i, part, elements);
      reference.writeCache(i, part, elements);
    }
}

/// The launch that appends to cache `index` in a step of many tokens.
static LaunchGroup appendOf(const PlanTarget &target, size_t index) {
  auto appends = [&](const PlanLaunch &launch) {
    return launch.op == "kernel.rope_append" &&
           std::ranges::any_of(launch.arguments, [&](const PlanArgument &argument) {
             auto *cache = std::get_if<CacheArgument>(&argument);
             return cache && cache->cache == index;
           });
  };
  const std::vector<PlanLaunch> &launches = target.prefill.launches;
  auto found = std::ranges::find_if(launches, appends);
  if (found == launches.end())
    fail("the plan appends nothing to cache '{}' in a step of many tokens",
         target.caches[index].name);
  return LaunchGroup(target.prefill, std::span(&*found, 1));
}

/// Each side appends the same tokens in its own codes, in steps that windows have room for.
void PairCheck::appendPast() {
  const bool hasWindows =
      std::ranges::any_of(pair.checked.caches, [&](size_t i) { return caches[i].hasWindow(); });
  const int64_t most = hasWindows ? kWindowTokens / 2 : plan.config.maxPosition;
  for (size_t i : pair.checked.caches) {
    const LaunchGroup ours = appendOf(checkedDevice.target(), i),
                      theirs = appendOf(referenceDevice.target(), i);
    for (const CheckStep &past : step.pastSteps(most)) {
      GroupRun checkedRun(plan, checkedDevice, ours, past, &checked),
          referenceRun(plan, referenceDevice, theirs, past, &reference);
      for (size_t k = 0; k < ours.operands.size(); ++k) {
        const std::vector<float> rows =
            draw(size_t(past.shape.rows * ours.operands[k].columns), /*roundsToBf16=*/true);
        checkedRun.write(ours.operands[k], rows);
        referenceRun.write(theirs.operands[k], rows);
      }
      checkedRun.run();
      referenceRun.run();
      checkedRun.wait();
      referenceRun.wait();
    }
  }
}

/// What was appended; the rest must be as it was, which the other side has, too.
void PairCheck::compareCaches(std::vector<ResultError> &errors) const {
  for (CachePart part : {CachePart::Key, CachePart::Value}) {
    ResultError worst{part == CachePart::Key ? "keys" : "values", 0, 0, limitFor(DType::BF16)};
    for (size_t i : pair.checked.caches) {
      ResultError error =
          compare("", checked.readCache(i, part), reference.readCache(i, part), worst.limit);
      worst.max = std::max(worst.max, error.max);
      worst.mean += error.mean / double(pair.checked.caches.size());
    }
    errors.push_back(worst);
  }
}

std::vector<ResultError> PairCheck::run() {
  drawOperands();
  if (pair.checked.readsHidden)
    drawHidden();
  const bool usesCaches = !pair.checked.caches.empty();
  const bool usesCodes = std::ranges::any_of(
      pair.checked.caches, [&](size_t i) { return !hasPlainElements(caches[i]); });
  if (usesCodes)
    appendPast();
  else if (usesCaches)
    drawCaches();
  checked.run();
  reference.run();
  std::vector<ResultError> errors;
  const size_t count = std::min(pair.checked.results.size(), pair.reference.results.size());
  for (size_t i = 0; i < count; ++i) {
    const GroupRows &ours = pair.checked.results[i], &theirs = pair.reference.results[i];
    std::vector<float> values = checked.read(ours);
    if (ours.isFp8())
      values = scaled(ours, std::move(values),
                      ours.scales ? checked.read(*ours.scales) : std::vector<float>());
    errors.push_back(
        compare(i == 0 ? "result" : fmt::format("result {}", i + 1), values, reference.read(theirs),
                limitFor(ours.type, roundedWeights, usesCaches) * (usesCodes ? 2 : 1)));
  }
  if (usesCaches && !usesCodes)
    compareCaches(errors);
  return errors;
}

/// Throws where the two sides take or give different things, or the plan does not say what.
static void checkComparable(const GroupPair &pair, const std::string &where) {
  const std::vector<GroupRows> &ours = pair.checked.operands, &theirs = pair.reference.operands;
  bool isAlike =
      std::ranges::equal(ours, theirs, {}, &SlotArgument::columns, &SlotArgument::columns) &&
      !pair.checked.results.empty() && !pair.reference.results.empty() &&
      pair.checked.results[0].columns == pair.reference.results[0].columns &&
      pair.checked.caches == pair.reference.caches;
  for (const LaunchGroup *group : {&pair.checked, &pair.reference})
    for (const std::vector<GroupRows> *list : {&group->operands, &group->results})
      for (const GroupRows &slot : *list) {
        if (slot.columns == 0)
          fail("{}: the plan does not say what the slots of {} hold; compile the model again",
               where, group->kernels());
        isAlike &= slot.type == DType::F32 || slot.type == DType::BF16 || slot.type == DType::I8 ||
                   slot.isFp8();
      }
  // Codes are compared with codes, those of fp8 with values.
  isAlike &= std::ranges::none_of(theirs, &GroupRows::isFp8);
  auto isCodes = [](const SlotArgument &slot) { return slot.type == DType::I8; };
  isAlike &= std::ranges::equal(ours, theirs, {}, isCodes, isCodes);
  if (!isAlike)
    fail("{}: {} and {} differ in what they take or give: they cannot be compared", where,
         pair.checked.kernels(), pair.reference.kernels());
}

void qopt::checkKernels(const Artifact &artifact, Device &checked, Device &reference,
                        const KernelCheckOptions &options,
                        const std::function<void(const KernelCheckResult &)> &report) {
  const Plan &plan = artifact.plan();
  const PlanTarget &ours = checked.target(), &theirs = reference.target();
  std::mt19937 random(uint32_t(options.seed));
  std::set<std::string> seen;
  for (PlanFunction PlanTarget::*member : {&PlanTarget::prefill, &PlanTarget::decode,
                                           &PlanTarget::prefillHead, &PlanTarget::decodeHead})
    for (const GroupPair &pair :
         pairLaunches(ours.*member, theirs.*member, ours.caches, artifact.directory())) {
      if (!seen.insert(pair.checked.kernels()).second)
        continue;
      checkComparable(pair, artifact.directory());
      for (const StepShape &shape : options.shapes) {
        if (pair.checked.function.rows && *pair.checked.function.rows != shape.rows)
          continue;
        for (int64_t past : options.pasts) {
          bool depends = pair.checked.usesPositions || !pair.checked.caches.empty();
          if (!depends && past != options.pasts.front())
            continue;
          std::optional<CheckStep> step = CheckStep::draw(plan, shape, past, random);
          if (step)
            report({pair.checked.function.name, pair.checked.kernels(),
                    pair.checked.function.launches.front().location, shape, past,
                    PairCheck(artifact, checked, reference, pair, *step, random).run()});
        }
      }
    }
  if (ours.score && ours.score->launches.size() > 0)
    for (const StepShape &shape : options.shapes)
      report(checkScore(plan, checked, shape.rows, random));
}
