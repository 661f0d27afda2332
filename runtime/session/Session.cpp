//===- Session.cpp - sequences of tokens on a device ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/Session.h"

#include "runtime/formats/Error.h"
#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

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
             device.target().decode.rows.value_or(chunkRows)) {
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

void Session::run(std::span<const Feed> feeds, const Callback &callback) {
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
      for (size_t i = feed.firstLogits > begin ? feed.firstLogits - begin : 0; i < count; ++i)
        wanted.push_back({int32_t(firstRow + int64_t(i)), feed.sequence, past + int64_t(i)});
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

void Session::runHeads(std::span<const WantedRow> wanted, const Callback &callback) {
  while (!wanted.empty()) {
    std::span<const WantedRow> batch = wanted.first(std::min(wanted.size(), size_t(maxHeadRows)));
    wanted = wanted.subspan(batch.size());
    std::vector<int32_t> rows;
    for (const WantedRow &row : batch)
      rows.push_back(row.row);
    inputs.uploadHeadRows(rows);
    StepShape shape{int64_t(rows.size()), inputs.shape().sequences};
    BoundFunction &head = decodeHead->accepts(shape.rows) ? *decodeHead : *prefillHead;
    head.run(shape);

    for (size_t i = 0; i < batch.size(); ++i) {
      std::span<const float> logits = head.resultRow(int64_t(i));
      if (!areFinite(logits)) {
        auto bad = std::ranges::find_if_not(logits, [](float x) { return std::isfinite(x); });
        fail("sequence {}, position {}: the logit of token {} is {}; the weights or the kernels "
             "are broken",
             batch[i].sequence, batch[i].position, bad - logits.begin(), *bad);
      }
      callback({batch[i].sequence, batch[i].position, logits});
    }
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
