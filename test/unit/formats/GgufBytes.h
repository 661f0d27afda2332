//===- GgufBytes.h - GGUF files made byte by byte ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_FORMATS_GGUFBYTES_H
#define QOPT_TEST_UNIT_FORMATS_GGUFBYTES_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qopt::test {

/// Bytes of a GGUF file, right or wrong.
struct GgufBytes {
  template <typename T> static std::string number(T value) {
    return std::string(reinterpret_cast<const char *>(&value), sizeof(T));
  }
  static std::string string(std::string_view text) {
    return number(uint64_t(text.size())) + std::string(text);
  }
  static std::string pair(std::string_view key, uint32_t type, const std::string &value) {
    return string(key) + number(type) + value;
  }
  static std::string u32(std::string_view key, uint32_t value) {
    return pair(key, 4, number(value));
  }
  static std::string u16(std::string_view key, uint16_t value) {
    return pair(key, 2, number(value));
  }
  static std::string f32(std::string_view key, float value) { return pair(key, 6, number(value)); }
  static std::string text(std::string_view key, std::string_view value) {
    return pair(key, 8, string(value));
  }
  /// `sizes` in the file's order, the rows' first.
  static std::string tensor(std::string_view name, const std::vector<uint64_t> &sizes,
                            uint32_t type, uint64_t offset) {
    std::string bytes = string(name) + number(uint32_t(sizes.size()));
    for (uint64_t size : sizes)
      bytes += number(size);
    return bytes + number(type) + number(offset);
  }

  std::vector<std::string> pairs;
  std::vector<std::string> tensors;
  std::string data;
  std::string magic = "GGUF";
  uint32_t version = 3;
  size_t alignment = 32;

  std::string file() const {
    std::string bytes =
        magic + number(version) + number(uint64_t(tensors.size())) + number(uint64_t(pairs.size()));
    for (const std::string &pair : pairs)
      bytes += pair;
    for (const std::string &tensor : tensors)
      bytes += tensor;
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes + data;
  }
};

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_FORMATS_GGUFBYTES_H
