//===- GroupRun.cpp - a group of launches on one device -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/check/GroupRun.h"

#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/MiniFloat.h"
#include <algorithm>

using namespace qopt;

/// What tokens that are none of the step's have in caches: large, but finite, as tokens are.
static constexpr float staleElement = 30000;

/// Rows of `columns` elements of `type`, `stride` elements apart; paddings are zero.
static std::vector<std::byte> encodeRows(std::span<const float> rows, int64_t columns,
                                         int64_t stride, DType type) {
  size_t element = byteSize(type), count = rows.size() / size_t(columns);
  std::vector<std::byte> bytes(count * size_t(stride) * element);
  for (size_t row = 0; row < count; ++row) {
    std::span<const float> source = rows.subspan(row * size_t(columns), size_t(columns));
    std::span<std::byte> target =
        std::span(bytes).subspan(row * size_t(stride) * element, size_t(columns) * element);
    if (type == DType::I8)
      std::ranges::transform(source, target.begin(), [](float x) { return std::byte(int8_t(x)); });
    else if (type == DType::F8E4M3)
      std::ranges::transform(source, target.begin(),
                             [](float x) { return std::byte(Fp8E4M3::encode(x)); });
    else if (type == DType::F8E5M2)
      std::ranges::transform(source, target.begin(),
                             [](float x) { return std::byte(Fp8E5M2::encode(x)); });
    else
      convertFromF32(source, type, target);
  }
  return bytes;
}

GroupRun::GroupRun(const Plan &plan, Device &device, const LaunchGroup &group,
                   const CheckStep &step, const GroupRun *other)
    : device(device), step(step), pageTokens(plan.pageTokens),
      inputs(device, step.shape.rows, step.shape.sequences, step.maxPages, step.shape.rows,
             step.shape.rows),
      ropeTable(plan, device, step.context) {
  inputs.clear();
  std::span<const int32_t> ids = step.ids;
  int32_t slot = 0;
  for (const CheckStep::Sequence &sequence : step.sequences) {
    inputs.append(ids.first(size_t(sequence.tokens)), sequence.past, sequence.pages, slot++);
    ids = ids.subspan(size_t(sequence.tokens));
  }
  inputs.upload();
  inputs.uploadHeadRows(step.headRows);
  ropeTable.require(step.context);

  Bindings bindings;
  bindings.maxPages = step.maxPages;
  for (const PlanSlot &slot : group.function.slots) {
    std::vector<std::byte> nans(size_t(slot.size(step.shape.rows)), std::byte(0xff));
    slots.push_back(device.allocate(nans.size(), "a slot"));
    device.write(*slots.back(), 0, nans);
    bindings.slots.push_back(slots.back()->address());
  }
  const PlanResult &body = device.target().prefill.result;
  hidden = device.allocate(uint64_t(step.shape.rows * body.stride) * byteSize(body.type),
                           "hidden states");
  const std::vector<PlanCache> &caches = device.target().caches;
  pools.resize(caches.size());
  bindings.caches.resize(caches.size(), {0, 0});
  for (size_t i : group.caches) {
    auto allocate = [&](CachePart part) {
      // Memory of a GPU is as others left it.
      const PlanCachePool &pool = caches[i].pool(part);
      std::vector<std::byte> stale(size_t(step.numPages * caches[i].kvHeads * pool.blockBytes),
                                   std::byte(pool.layout == "units" ? 0xff : 0x5a));
      std::unique_ptr<DeviceBuffer> buffer = device.allocate(stale.size(), "a cache");
      device.write(*buffer, 0, stale);
      return buffer;
    };
    if (other) {
      pools[i] = other->pools[i];
    } else {
      pools[i].key = allocate(CachePart::Key);
      pools[i].value = allocate(CachePart::Value);
    }
    bindings.caches[i] = {pools[i].key->address(), pools[i].value->address()};
    if (caches[i].hasWindow() && !other) {
      auto allocateWindow = [&](CachePart part) {
        const uint64_t bytes = uint64_t(caches[i].kvHeads * caches[i].pool(part).windowBytes);
        return device.allocate(std::max<uint64_t>(1, bytes * step.sequences.size()), "a window");
      };
      pools[i].keyWindow = allocateWindow(CachePart::Key);
      pools[i].valueWindow = allocateWindow(CachePart::Value);
    }
    if (caches[i].hasWindow()) {
      bindings.caches[i].keyWindow = pools[i].keyWindow->address();
      bindings.caches[i].valueWindow = pools[i].valueWindow->address();
    }
  }
  inputs.bindTo(bindings);
  bindings.inputs[size_t(StepInput::RopeTable)] = ropeTable.address();
  bindings.inputs[size_t(StepInput::Hidden)] = hidden->address();
  if (group.readsLogits) {
    const auto rows = uint64_t(step.shape.rows);
    logits = device.allocate(
        rows * uint64_t(device.target().prefillHead.result.stride) * sizeof(float), "logits");
    nextIds = device.allocate(rows * sizeof(int32_t), "token ids");
    bindings.inputs[size_t(StepInput::Logits)] = logits->address();
    bindings.inputs[size_t(StepInput::NextIds)] = nextIds->address();
  }
  function = device.bind(group.function, bindings);
}

void GroupRun::write(const SlotArgument &slot, std::span<const float> rows) {
  device.write(*slots[slot.slot], 0, encodeRows(rows, slot.columns, slot.stride(), slot.type));
}

void GroupRun::writeHidden(std::span<const float> rows) {
  const PlanResult &body = device.target().prefill.result;
  device.write(*hidden, 0, encodeRows(rows, body.columns, body.stride, body.type));
}

void GroupRun::writeLogits(std::span<const float> rows, std::span<const int32_t> targets) {
  const PlanResult &head = device.target().prefillHead.result;
  const size_t columns = size_t(head.columns), stride = size_t(head.stride);
  std::vector<float> padded(size_t(step.shape.rows) * stride, staleElement);
  for (size_t row = 0; row < size_t(step.shape.rows); ++row)
    std::ranges::copy(rows.subspan(row * columns, columns), padded.begin() + row * stride);
  device.write(*logits, 0, std::as_bytes(std::span(padded)));
  inputs.uploadTargets(targets);
}

std::vector<int32_t> GroupRun::readNextIds() const {
  std::span<const std::byte> bytes = device.view(*nextIds, 0, nextIds->size());
  const auto *ids = reinterpret_cast<const int32_t *>(bytes.data());
  return {ids, ids + step.shape.rows};
}

std::vector<float> GroupRun::read(const SlotArgument &slot) const {
  const size_t element = byteSize(slot.type), columns = size_t(slot.columns);
  const size_t rowBytes = size_t(slot.stride()) * element;
  std::span<const std::byte> bytes =
      device.view(*slots[slot.slot], 0, size_t(step.shape.rows) * rowBytes);
  std::vector<float> rows(size_t(step.shape.rows) * columns);
  for (size_t row = 0; row < size_t(step.shape.rows); ++row) {
    std::span<const std::byte> source = bytes.subspan(row * rowBytes, columns * element);
    std::span<float> target = std::span(rows).subspan(row * columns, columns);
    if (slot.type == DType::I8)
      std::ranges::transform(source, target.begin(), [](std::byte x) { return float(int8_t(x)); });
    else if (slot.type == DType::F8E4M3)
      std::ranges::transform(source, target.begin(),
                             [](std::byte x) { return Fp8E4M3::decode(uint8_t(x)); });
    else if (slot.type == DType::F8E5M2)
      std::ranges::transform(source, target.begin(),
                             [](std::byte x) { return Fp8E5M2::decode(uint8_t(x)); });
    else
      convertToF32(slot.type, source, target);
  }
  return rows;
}

template <typename Function>
void GroupRun::forEachCacheElement(const CacheLayout &layout, const PlanCache &cache,
                                   Function function) const {
  for (const CheckStep::Sequence &sequence : step.sequences)
    for (int64_t token = 0; token < sequence.past + sequence.tokens; ++token)
      for (int64_t head = 0; head < cache.kvHeads; ++head)
        for (int64_t dim = 0; dim < cache.headDim; ++dim)
          function(layout.offset(sequence.pages[size_t(token / pageTokens)], head,
                                 token % pageTokens, dim));
}

void GroupRun::writeCache(size_t index, CachePart part, std::span<const float> elements) {
  const PlanCache &cache = device.target().caches[index];
  const CacheLayout layout(cache, part, pageTokens);
  const size_t elementBytes = byteSize(layout.type());
  std::vector<std::byte> bytes(size_t(pool(index, part).size()));
  auto store = [&](size_t offset, float value) {
    convertFromF32(std::span(&value, 1), layout.type(),
                   std::span(bytes).subspan(offset, elementBytes));
  };
  // Only what tokens have: elements beyond a head are zero.
  for (int64_t page = 0; page < step.numPages; ++page)
    for (int64_t head = 0; head < cache.kvHeads; ++head)
      for (int64_t token = 0; token < pageTokens; ++token)
        for (int64_t dim = 0; dim < cache.headDim; ++dim)
          store(layout.offset(page, head, token, dim), staleElement);
  size_t next = 0;
  forEachCacheElement(layout, cache, [&](size_t offset) { store(offset, elements[next++]); });
  device.write(pool(index, part), 0, bytes);
}

std::vector<float> GroupRun::readCache(size_t index, CachePart part) const {
  const PlanCache &cache = device.target().caches[index];
  const CacheLayout layout(cache, part, pageTokens);
  const DeviceBuffer &buffer = pool(index, part);
  std::span<const std::byte> bytes = device.view(buffer, 0, buffer.size());
  std::vector<float> elements;
  forEachCacheElement(layout, cache, [&](size_t offset) {
    float value;
    convertToF32(layout.type(), bytes.subspan(offset, byteSize(layout.type())),
                 std::span(&value, 1));
    elements.push_back(value);
  });
  return elements;
}
