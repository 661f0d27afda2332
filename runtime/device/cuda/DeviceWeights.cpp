//===- DeviceWeights.cpp - the weights of an artifact on a GPU ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/DeviceWeights.h"

#include "runtime/device/cpu/ThreadPool.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>

using namespace qopt;

namespace {

/// Some rows of a layout, written by all threads together.
class RowsTask : public StagedTask {
public:
  RowsTask(const WeightLayout &layout, int64_t begin, std::span<std::byte> out)
      : layout(layout), begin(begin), out(out), rows(int64_t(out.size() / layout.rowBytes())) {}

  uint32_t numStages() const override { return 1; }
  uint32_t numPieces(uint32_t) const override {
    return uint32_t((rows + rowsOfPiece - 1) / rowsOfPiece);
  }
  void runPiece(uint32_t, uint32_t piece, unsigned) override {
    int64_t first = int64_t(piece) * rowsOfPiece, count = std::min(rowsOfPiece, rows - first);
    layout.write(begin + first,
                 out.subspan(size_t(first) * layout.rowBytes(), size_t(count) * layout.rowBytes()));
  }

private:
  /// Whole panels, and not more pieces than a pool takes.
  static constexpr int64_t rowsOfPiece = 128;
  static_assert(Staging::pieceBytes / rowsOfPiece <= ThreadPool::maxPieces);

  const WeightLayout &layout;
  int64_t begin;
  std::span<std::byte> out;
  int64_t rows;
};

} // namespace

static void upload(const WeightLayout &layout, CUdeviceptr destination, Staging &staging,
                   ThreadPool &pool, const std::function<void(uint64_t)> &sent) {
  // Whole panels where possible.
  int64_t most = int64_t(Staging::pieceBytes / layout.rowBytes());
  int64_t rowsAtATime = most > 32 ? most / 32 * 32 : most;
  for (int64_t row = 0; row < layout.rows(); row += rowsAtATime) {
    int64_t count = std::min(rowsAtATime, layout.rows() - row);
    RowsTask task(layout, row, staging.reserve(uint64_t(count) * layout.rowBytes()));
    pool.run(task);
    staging.send(destination + uint64_t(row) * layout.rowBytes());
    sent(uint64_t(count) * layout.rowBytes());
  }
}

DeviceWeights::Key DeviceWeights::keyOf(const WeightArgument &argument) {
  return {argument.weight, argument.form, argument.ways};
}

DeviceWeights::DeviceWeights(const CudaContext &context, const Artifact &artifact,
                             const PlanTarget &target, Staging &staging, unsigned threads,
                             const Progress &progress) {
  std::map<Key, WeightLayout> layouts;
  for (const PlanFunction *function : target.functions())
    for (const PlanLaunch &launch : function->launches)
      for (const PlanArgument &argument : launch.arguments)
        if (auto *weight = std::get_if<WeightArgument>(&argument)) {
          std::string where = fmt::format("{}: weight {}", artifact.directory(),
                                          quote(artifact.plan().weights[weight->weight].name));
          WeightLayout layout(artifact.weight(weight->weight), *weight, where);
          if (layout.rowBytes() > Staging::pieceBytes)
            fail("{} has rows of {} bytes; possible are {}", where, layout.rowBytes(),
                 Staging::pieceBytes);
          // Of several arguments the one that reads most.
          auto [entry, isNew] = layouts.try_emplace(keyOf(*weight), layout);
          if (!isNew && layout.rows() > entry->second.rows())
            entry->second = layout;
        }

  uint64_t total = 0, done = 0;
  for (const auto &[key, layout] : layouts)
    total += layout.bytes();
  ThreadPool pool(threads);
  for (const auto &[key, layout] : layouts) {
    CudaMemory &uploaded = memory[key];
    uploaded = CudaMemory(context, layout.bytes(), "weights");
    upload(layout, uploaded.address(), staging, pool, [&](uint64_t bytes) {
      done += bytes;
      if (progress)
        progress(done, total);
    });
  }
  context.wait("uploading weights");
}

uint64_t DeviceWeights::address(const WeightArgument &argument) const {
  return memory.at(keyOf(argument)).address();
}

uint64_t DeviceWeights::bytes(const WeightArgument &argument) const {
  return memory.at(keyOf(argument)).size();
}
