//===- SafetensorsWriter.h - aligned safetensors files ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_SAFETENSORSWRITER_H
#define QOPT_RUNTIME_FORMATS_SAFETENSORSWRITER_H

#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/SafetensorsHeader.h"
#include <memory>
#include <mutex>
#include <unordered_map>

namespace qopt {

/// A tensor to be written.
struct TensorSpec {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
};

/// Writes a safetensors file whose tensors are known beforehand and whose contents come in any
/// order from any thread. The data and every tensor start on 64 bytes, through a padded header and
/// U8 tensors `__pad_<n>` in the gaps, so that a mapped file serves aligned loads.
class SafetensorsWriter {
public:
  static constexpr uint64_t alignment = 64;

  /// Lays the file out in the order given, reserves its disk space and writes the header. Throws an
  /// Error if a name occurs twice or is reserved, a size overflows, or the disk is full.
  SafetensorsWriter(const std::string &path, std::vector<TensorSpec> specs,
                    const std::map<std::string, std::string> &metadata = {});

  /// The tensors as laid out, padding left out, in the order given.
  const std::vector<TensorInfo> &tensors() const { return layout; }

  /// Writes a part of the tensor `index`, `offset` bytes from its start. Thread-safe. Each byte
  /// must be written exactly once. Throws Error.
  void write(size_t index, uint64_t offset, std::span<const std::byte> bytes);

  /// Throws an Error naming a tensor that was not written fully. Nothing may be written afterwards.
  void commit();

private:
  /// Disjoint written byte ranges, begin to end, adjacent ones merged.
  using RangeMap = std::map<uint64_t, uint64_t>;

  std::vector<TensorInfo> layout;
  std::unique_ptr<AtomicFile> file;
  std::mutex mutex;
  std::vector<RangeMap> written; ///< One per tensor; guarded by mutex.
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_SAFETENSORSWRITER_H
