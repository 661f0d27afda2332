//===- WeightsFile.cpp - parameter expressions to weights.safetensors -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/WeightsFile.h"
#include "lowering/artifact/Progress.h"
#include "runtime/formats/SafetensorsWriter.h"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <thread>

using namespace qopt;

/// What a thread computes at a time.
static constexpr uint64_t kPieceBytes = 2 << 20;

namespace {

struct Piece {
  size_t param;
  int64_t row, rows;
};

class ParamComputation {
public:
  ParamComputation(std::span<const NamedParam> params, const ParamSink &sink)
      : params(params), sink(sink), piecesLeft(params.size()) {
    for (size_t i = 0; i < params.size(); ++i) {
      const ParamExpression &value = *params[i].value;
      int64_t rows = std::max<int64_t>(1, kPieceBytes / rowBytes(i));
      for (int64_t row = 0; row < value.rows(); row += rows) {
        pieces.push_back({i, row, std::min(rows, value.rows() - row)});
        ++piecesLeft[i];
      }
      totalBytes += value.rows() * rowBytes(i);
    }
  }

  void run(unsigned threads) {
    Progress progress(params.size(), totalBytes);
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(threads, 1u); ++i)
      workers.emplace_back([this] { work(); });

    std::unique_lock lock(mutex);
    while (workersDone < workers.size()) {
      changed.wait_for(lock, std::chrono::milliseconds(100));
      progress.update(tensorsDone, bytesDone);
    }
    if (error)
      std::rethrow_exception(error);
  }

private:
  uint64_t rowBytes(size_t param) const {
    const ParamExpression &value = *params[param].value;
    return value.columns() * value.elementBytes();
  }

  void work() {
    std::vector<std::byte> buffer;
    try {
      for (size_t i; (i = nextPiece.fetch_add(1)) < pieces.size();)
        write(pieces[i], buffer);
    } catch (...) {
      nextPiece = pieces.size(); // the other threads stop, too
      std::lock_guard lock(mutex);
      if (!error)
        error = std::current_exception();
    }
    std::lock_guard lock(mutex);
    ++workersDone;
    changed.notify_one();
  }

  void write(const Piece &piece, std::vector<std::byte> &buffer) {
    const ParamExpression &value = *params[piece.param].value;
    buffer.resize(piece.rows * rowBytes(piece.param));
    value.read({piece.row, piece.rows, 0, value.columns()}, buffer);
    sink(piece.param, piece.row * rowBytes(piece.param), buffer);
    bytesDone += buffer.size();
    if (--piecesLeft[piece.param] == 0) {
      ++tensorsDone;
      dropSources(value);
    }
  }

  /// What was read no longer counts as this process's memory.
  static void dropSources(const ParamExpression &value) {
    std::vector<MappedBytes> sources;
    value.collectSources(sources);
    for (const MappedBytes &source : sources)
      source.file->advise(source.bytes, MappedFile::Advice::DontNeed);
  }

  std::span<const NamedParam> params;
  const ParamSink &sink;
  std::vector<Piece> pieces;
  std::vector<std::atomic<size_t>> piecesLeft; ///< One for each parameter.
  uint64_t totalBytes = 0;

  std::atomic<size_t> nextPiece = 0;
  std::atomic<uint64_t> tensorsDone = 0, bytesDone = 0;
  std::mutex mutex;
  std::condition_variable changed;
  size_t workersDone = 0;   ///< Guarded by mutex.
  std::exception_ptr error; ///< Guarded by mutex.
};

} // namespace

void qopt::computeParams(std::span<const NamedParam> params, unsigned threads,
                         const ParamSink &sink) {
  ParamComputation(params, sink).run(threads);
}

void qopt::writeWeightsFile(const std::string &path, std::span<const NamedParam> params,
                            unsigned threads) {
  std::vector<TensorSpec> specs;
  for (const NamedParam &param : params)
    specs.push_back({param.name, param.value->dtype(), param.value->shape().vec()});
  SafetensorsWriter file(path, std::move(specs));
  computeParams(params, threads,
                [&](size_t index, uint64_t offset, std::span<const std::byte> bytes) {
                  file.write(index, offset, bytes);
                });
  file.commit();
}
