//===- Session.cpp - sequences of tokens on a device ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/Session.h"

#include "runtime/formats/Error.h"
#include "runtime/session/LogProbability.h"
#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <numeric>

using namespace qopt;

static int64_t checkedContext(const Plan &plan, int64_t asked) {
  int64_t most = plan.config.maxPosition;
  if (asked < 0 || asked > most)
    fail("a context of {} tokens was asked for; the model has 1 to {} (--max-context allows more)",
         asked, most);
  return asked == 0 ? most : asked;
}

static int64_t checkedChunk(int64_t asked) {
  if (asked < 1 || asked > maxStepRows)
    fail("a chunk of {} rows was asked for; possible are 1 to {}", asked, maxStepRows);
  return asked;
}

static int64_t checkedSequences(int64_t asked) {
  if (asked < 1 || asked > maxStepRows)
    fail("{} sequences were asked for; possible are 1 to {}", asked, maxStepRows);
  return asked;
}

/// Rows that count at a time: those of the decode, and those of scores.
static int64_t counterRows(const PlanTarget &target, int64_t chunk) {
  return std::max(target.decode.rows.value_or(chunk), target.score ? Session::maxHeadRows : 0);
}

static uint64_t resultBytes(const PlanFunction &function, int64_t maxRows) {
  const PlanSlot &slot = function.slots[function.result.slot];
  return uint64_t(slot.size(function.rows.value_or(maxRows)));
}

Session::Session(const Plan &plan, Device &device, const SessionOptions &options)
    : plan(plan), device(device), contextTokens(checkedContext(plan, options.context)),
      chunkRows(checkedChunk(options.chunk)),
      kvCache(plan, device, contextTokens, checkedSequences(options.maxSequences)),
      ropeTable(plan, device, contextTokens),
      inputs(device, chunkRows, options.maxSequences, kvCache.maxPages(), maxHeadRows,
             counterRows(device.target(), chunkRows)) {
  const PlanTarget &target = device.target();
  if (options.context > 0) // Of the model's own context, little may ever be used.
    kvCache.requireMemory();
  hidden = device.allocate(
      std::max(resultBytes(target.prefill, chunkRows), resultBytes(target.decode, chunkRows)),
      "hidden states (try a smaller --chunk)");

  Bindings bindings;
  kvCache.bindTo(bindings);
  inputs.bindTo(bindings);
  bindings.inputs[size_t(StepInput::RopeTable)] = ropeTable.address();
  bindings.inputs[size_t(StepInput::Hidden)] = hidden->address();
  bindings.observer = options.observer;
  auto bind = [&](const PlanFunction &function, int64_t maxRows, const DeviceBuffer *result) {
    return std::make_unique<BoundFunction>(device, function, bindings, maxRows, result);
  };
  prefill = bind(target.prefill, chunkRows, hidden.get());
  decode = bind(target.decode, chunkRows, hidden.get());
  prefillHead = bind(target.prefillHead, maxHeadRows, nullptr);
  decodeHead = bind(target.decodeHead, maxHeadRows, nullptr);
  if (!target.score)
    return;
  auto scorerOf = [&](const BoundFunction &body, const BoundFunction &head) {
    return std::make_unique<Scorer>(device, *target.score, body, head, bindings, maxHeadRows);
  };
  prefillScorer = scorerOf(*prefill, *prefillHead);
  decodeScorer = scorerOf(*decode, *decodeHead);
}

void Session::checkFeeds(std::span<const Feed> feeds) const {
  for (const Feed &feed : feeds) {
    assert(kvCache.contains(feed.sequence) && "the sequence was removed or never added");
    int64_t total = length(feed.sequence) + int64_t(feed.tokens.size());
    if (total > contextTokens)
      fail("sequence {} would have {} tokens; the context is {}", feed.sequence, total,
           contextTokens);
    for (size_t i = 0; i < feed.tokens.size(); ++i)
      if (feed.tokens[i] < 0 || feed.tokens[i] >= plan.config.vocabSize)
        fail("sequence {}, position {}: token {} is not in the vocabulary of {}", feed.sequence,
             length(feed.sequence) + int64_t(i), feed.tokens[i], plan.config.vocabSize);
  }
}

void Session::runSteps(std::span<const Feed> feeds, const HeadCallback &callback) {
  checkFeeds(feeds);
  std::vector<WantedRow> wanted;
  auto flush = [&] {
    if (inputs.shape().rows > 0) {
      runBody();
      runHeads(wanted, callback);
    }
    inputs.clear();
    wanted.clear();
  };

  inputs.clear();
  for (const Feed &feed : feeds)
    for (size_t begin = 0; begin < feed.tokens.size();) {
      // What is left of a sequence does not fit into its window beside what a step reads.
      if (inputs.shape().rows == chunkRows || (begin > 0 && kvCache.hasWindows()))
        flush();
      int64_t firstRow = inputs.shape().rows;
      size_t count = std::min(feed.tokens.size() - begin, size_t(chunkRows - firstRow));
      count = std::min(count, size_t(kvCache.tokensPerStep()));
      int64_t past = length(feed.sequence);
      kvCache.extend(feed.sequence, int64_t(count));
      inputs.append(feed.tokens.subspan(begin, count), past, kvCache.pages(feed.sequence),
                    feed.sequence);
      ropeTable.require(past + int64_t(count));
      for (size_t i = feed.firstLogits > begin ? feed.firstLogits - begin : 0; i < count; ++i) {
        size_t target = begin + i - feed.firstLogits;
        wanted.push_back({int32_t(firstRow + int64_t(i)), feed.sequence, past + int64_t(i),
                          target < feed.targets.size() ? feed.targets[target] : 0});
      }
      begin += count;
    }
  flush();
}

void Session::runBody() {
  inputs.upload();
  StepShape shape = inputs.shape();
  (decode->accepts(shape.rows) ? decode : prefill)->run(shape);
}

/// Whether no logit is infinite or not a number; without branches, so that it vectorizes.
static bool areFinite(std::span<const float> values) {
  constexpr uint32_t exponent = 0x7f800000;
  bool finite = true;
  for (float value : values)
    finite &= (std::bit_cast<uint32_t>(value) & exponent) != exponent;
  return finite;
}

Session::Head Session::headFor(int64_t rows) const {
  if (decodeHead->accepts(rows))
    return {decodeHead.get(), decodeScorer.get()};
  return {prefillHead.get(), prefillScorer.get()};
}

void Session::runHeads(std::span<const WantedRow> wanted, const HeadCallback &callback) {
  while (!wanted.empty()) {
    std::span<const WantedRow> batch = wanted.first(std::min(wanted.size(), size_t(maxHeadRows)));
    wanted = wanted.subspan(batch.size());
    std::vector<int32_t> rows;
    for (const WantedRow &row : batch)
      rows.push_back(row.row);
    inputs.uploadHeadRows(rows);
    Head head = headFor(int64_t(rows.size()));
    head.function->run({int64_t(rows.size()), inputs.shape().sequences});
    callback(head, batch);
  }
}

void Session::visitLogits(BoundFunction &head, std::span<const WantedRow> rows,
                          const Callback &callback) {
  for (size_t i = 0; i < rows.size(); ++i) {
    std::span<const float> logits = head.resultRow(int64_t(i));
    if (!areFinite(logits)) {
      auto bad = std::ranges::find_if_not(logits, [](float x) { return std::isfinite(x); });
      fail("sequence {}, position {}: the logit of token {} is {}; the weights or the kernels "
           "are broken",
           rows[i].sequence, rows[i].position, bad - logits.begin(), *bad);
    }
    callback({rows[i].sequence, rows[i].position, logits});
  }
}

void Session::run(std::span<const Feed> feeds, const Callback &callback) {
  runSteps(feeds, [&](Head head, std::span<const WantedRow> rows) {
    visitLogits(*head.function, rows, callback);
  });
}

void Session::score(std::span<const Feed> feeds, const ScoreCallback &callback) {
  runSteps(feeds, [&](Head head, std::span<const WantedRow> rows) {
    if (head.scorer) {
      std::vector<int32_t> targets;
      for (const WantedRow &row : rows)
        targets.push_back(row.target);
      inputs.uploadTargets(targets);
      head.scorer->forget(); // what an error has left
      head.scorer->score({int64_t(rows.size()), inputs.shape().sequences});
      const std::vector<RowScore> scores = head.scorer->wait();
      for (size_t i = 0; i < rows.size(); ++i)
        callback(
            {rows[i].sequence, rows[i].position, scores[i], targets[i], head.function, int64_t(i)});
      return;
    }
    size_t i = 0;
    visitLogits(*head.function, rows, [&](const TokenResult &result) {
      const int32_t target = rows[i].target;
      callback({result.sequence, result.position, LogSoftmax(result.logits).score(target), target,
                head.function, int64_t(i)});
      ++i;
    });
  });
}

double TokenScore::logProbability(int32_t token) const {
  if (token == target)
    return score.logProbability();
  return double(head->resultElement(row, token) - score.greatest) - score.logOfSum;
}

bool Session::canDecodeGreedily(size_t sequences) const {
  // What a step too many has pushed out of a window cannot be taken back.
  return prefillScorer && !kvCache.hasWindows() && int64_t(sequences) <= maxHeadRows &&
         int64_t(sequences) <= chunkRows;
}

void Session::beginGreedyStep(Scorer &scorer, std::span<const Feed> feeds, bool isFirst) {
  inputs.clear();
  for (const Feed &feed : feeds) {
    const int64_t past = length(feed.sequence);
    kvCache.extend(feed.sequence, 1);
    ropeTable.require(past + 1);
    if (isFirst)
      inputs.append(feed.tokens, past, kvCache.pages(feed.sequence), feed.sequence);
    else
      inputs.appendScored(past, kvCache.pages(feed.sequence), feed.sequence);
  }
  inputs.upload();
  scorer.step(inputs.shape());
}

void Session::decodeGreedily(std::span<const Feed> feeds, int64_t maxSteps,
                             const GreedyCallback &callback) {
  assert(canDecodeGreedily(feeds.size()) && maxSteps > 0);
  checkFeeds(feeds);
  const auto rows = int64_t(feeds.size());
  std::vector<int32_t> allRows(feeds.size());
  std::iota(allRows.begin(), allRows.end(), 0);
  inputs.uploadHeadRows(allRows);
  inputs.uploadTargets(std::vector<int32_t>(feeds.size(), 0));
  Scorer &scorer =
      decode->accepts(rows) && decodeHead->accepts(rows) ? *decodeScorer : *prefillScorer;

  scorer.forget(); // what an error has left
  beginGreedyStep(scorer, feeds, /*isFirst=*/true);
  for (int64_t step = 1;; ++step) {
    const bool goesOn =
        step < maxSteps &&
        std::ranges::all_of(
            feeds, [&](const Feed &feed) { return length(feed.sequence) < contextTokens; });
    if (goesOn)
      beginGreedyStep(scorer, feeds, /*isFirst=*/false);
    std::vector<int32_t> tokens;
    for (const RowScore &score : scorer.wait())
      tokens.push_back(score.likeliest);
    const bool isWanted = callback(tokens);
    if (!goesOn)
      return;
    if (isWanted)
      continue;
    // What it computes meanwhile is for nothing.
    scorer.forget();
    for (const Feed &feed : feeds)
      truncate(feed.sequence, length(feed.sequence) - 1);
    return;
  }
}

std::span<const float> Session::hiddenRow(int64_t row) const {
  const PlanResult &result = device.target().prefill.result;
  assert(result.type == DType::F32);
  std::span<const std::byte> bytes =
      device.view(*hidden, uint64_t(row * result.stride) * sizeof(float),
                  uint64_t(result.columns) * sizeof(float));
  return {reinterpret_cast<const float *>(bytes.data()), size_t(result.columns)};
}
