//===- GgufWriter.h - writing GGUF files ------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGUFWRITER_H
#define QOPT_RUNTIME_FORMATS_GGUFWRITER_H

#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/GgufHeader.h"
#include <memory>

namespace qopt {

/// Key-value pairs to be written, in the order in which they are added. A key must come once.
class GgufPairs {
public:
  void add(std::string_view key, uint32_t value);
  void add(std::string_view key, float value);
  void add(std::string_view key, bool value);
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key, const char *value) { add(key, std::string_view(value)); }
  void add(std::string_view key, std::span<const std::string> values);
  void add(std::string_view key, std::span<const float> values);
  void add(std::string_view key, std::span<const int32_t> values);
  /// A value of another file.
  void add(std::string_view key, const GgufValue &value);

private:
  friend class GgufWriter;
  template <typename T> void appendNumber(T value);
  void appendString(std::string_view text);
  void begin(std::string_view key, GgufType type);
  void beginArray(std::string_view key, GgufType elementType, size_t count);

  std::string bytes;
  uint64_t count = 0;
};

/// A tensor to be written; `shape` is row-major, its rows whole blocks.
struct GgufTensorSpec {
  std::string name;
  GgmlType type;
  std::vector<int64_t> shape;
};

/// Writes a GGUF file of version 3 whose tensors are known beforehand and whose contents come in
/// any order from any thread, each byte once; what is never written is zeros.
class GgufWriter {
public:
  /// Lays the tensors out in the order given, reserves the disk space and writes the header. Throws
  /// Error.
  GgufWriter(const std::string &path, const GgufPairs &pairs,
             const std::vector<GgufTensorSpec> &tensors);

  /// Writes a part of the tensor `index`, `offset` bytes from its start. Thread-safe. Throws Error.
  void write(size_t index, uint64_t offset, std::span<const std::byte> bytes);

  /// Throws Error. Nothing may be written afterwards.
  void commit() { file->commit(); }

private:
  std::vector<uint64_t> offsets; ///< Of the tensors, in the file.
  std::unique_ptr<AtomicFile> file;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGUFWRITER_H
