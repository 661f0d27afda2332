//===- StepInputs.h - the index arrays of one step --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_STEPINPUTS_H
#define QOPT_RUNTIME_SESSION_STEPINPUTS_H

#include "runtime/device/Device.h"

namespace qopt {

/// The int32 arrays that describe a packed batch, on the host and on the device.
class StepInputs {
public:
  StepInputs(Device &device, int64_t maxRows, int64_t maxSequences, int64_t maxPages,
             int64_t maxHeadRows, int64_t counterRows);

  /// Starts a new batch.
  void clear();
  /// Appends the rows of one sequence, which has `past` tokens in the cache already; `pages` has
  /// room for all, and windows have it at `slot`.
  void append(std::span<const int32_t> tokens, int64_t past, std::span<const int32_t> pages,
              int32_t slot);
  /// The same for one token whose id a score left on the device; then all of the batch are such,
  /// in the order of the rows that were scored.
  void appendScored(int64_t past, std::span<const int32_t> pages, int32_t slot);
  /// The batch so far.
  StepShape shape() const { return {int64_t(tokenPos.host.size()), int64_t(past.host.size())}; }
  /// Copies the batch to the device, but for what is there already.
  void upload();
  /// The rows whose logits a head computes.
  void uploadHeadRows(std::span<const int32_t> rows);
  /// The tokens whose logits a score has, one for each of these rows.
  void uploadTargets(std::span<const int32_t> tokens);

  void bindTo(Bindings &bindings) const;

private:
  struct Array {
    std::vector<int32_t> host;
    std::vector<int32_t> uploaded; ///< What the device has.
    std::unique_ptr<DeviceBuffer> buffer;
  };

  Array makeArray(int64_t capacity);
  void upload(Array &array);
  void appendRows(int64_t count, int64_t past, std::span<const int32_t> pages, int32_t slot);

  Device &device;
  int64_t maxPages;
  Array ids; ///< A score writes the next ones over them.
  Array seqStart, past, tokenSeq, tokenPos, pageTable, slots, headRows, targets;
  Array counters; ///< Zero, and left so by the kernels that count in them.
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_STEPINPUTS_H
