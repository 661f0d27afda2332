//===- StepInputs.cpp - the index arrays of one step ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/StepInputs.h"

#include <cassert>

using namespace qopt;

StepInputs::StepInputs(Device &device, int64_t maxRows, int64_t maxSequences, int64_t maxPages,
                       int64_t maxHeadRows, int64_t counterRows)
    : device(device), maxPages(maxPages), ids(makeArray(maxRows)),
      seqStart(makeArray(maxSequences + 1)), past(makeArray(maxSequences)),
      tokenSeq(makeArray(maxRows)), tokenPos(makeArray(maxRows)),
      pageTable(makeArray(maxSequences * maxPages)), slots(makeArray(maxSequences)),
      headRows(makeArray(maxHeadRows)), targets(makeArray(maxHeadRows)),
      counters(makeArray(counterRows * rowCounters)) {}

StepInputs::Array StepInputs::makeArray(int64_t capacity) {
  return {{}, {}, device.allocate(uint64_t(capacity) * sizeof(int32_t), "the arrays of a step")};
}

void StepInputs::clear() {
  for (Array *array : {&ids, &past, &tokenSeq, &tokenPos, &pageTable, &slots})
    array->host.clear();
  seqStart.host = {0};
}

void StepInputs::append(std::span<const int32_t> tokens, int64_t pastTokens,
                        std::span<const int32_t> pages, int32_t slot) {
  ids.host.insert(ids.host.end(), tokens.begin(), tokens.end());
  appendRows(int64_t(tokens.size()), pastTokens, pages, slot);
}

void StepInputs::appendScored(int64_t pastTokens, std::span<const int32_t> pages, int32_t slot) {
  assert(ids.host.empty() && "tokens from the host and the device in one batch");
  appendRows(1, pastTokens, pages, slot);
}

void StepInputs::appendRows(int64_t count, int64_t pastTokens, std::span<const int32_t> pages,
                            int32_t slot) {
  assert(int64_t(pages.size()) <= maxPages);
  int32_t sequence = int32_t(past.host.size());
  for (int64_t i = 0; i < count; ++i)
    tokenPos.host.push_back(int32_t(pastTokens + i));
  tokenSeq.host.resize(tokenPos.host.size(), sequence);
  past.host.push_back(int32_t(pastTokens));
  slots.host.push_back(slot);
  seqStart.host.push_back(int32_t(tokenPos.host.size()));
  pageTable.host.insert(pageTable.host.end(), pages.begin(), pages.end());
  pageTable.host.resize(past.host.size() * size_t(maxPages), 0);
}

void StepInputs::upload(Array &array) {
  if (array.host == array.uploaded)
    return;
  device.write(*array.buffer, 0, std::as_bytes(std::span(array.host)));
  array.uploaded = array.host;
}

void StepInputs::upload() {
  device.write(*ids.buffer, 0, std::as_bytes(std::span(ids.host)));
  for (Array *array : {&seqStart, &past, &tokenSeq, &tokenPos, &pageTable, &slots})
    upload(*array);
}

void StepInputs::uploadHeadRows(std::span<const int32_t> rows) {
  headRows.host.assign(rows.begin(), rows.end());
  upload(headRows);
}

void StepInputs::uploadTargets(std::span<const int32_t> tokens) {
  targets.host.assign(tokens.begin(), tokens.end());
  upload(targets);
}

void StepInputs::bindTo(Bindings &bindings) const {
  auto bind = [&](StepInput input, const Array &array) {
    bindings.inputs[size_t(input)] = array.buffer->address();
  };
  bind(StepInput::Ids, ids);
  bind(StepInput::Rows, headRows);
  bind(StepInput::SeqStart, seqStart);
  bind(StepInput::Past, past);
  bind(StepInput::TokenSeq, tokenSeq);
  bind(StepInput::TokenPos, tokenPos);
  bind(StepInput::PageTable, pageTable);
  bind(StepInput::Counters, counters);
  bind(StepInput::Targets, targets);
  bind(StepInput::NextIds, ids);
  bind(StepInput::Slots, slots);
}
