//===- GgufFuzz.cpp - any bytes as a GGUF file ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/GgufHeader.h"

using namespace qopt;

/// Reads every pair as everything; each is a value or an Error of one line.
static void readPairs(const GgufMetadata &metadata) {
  auto attempt = [](auto get) {
    try {
      get();
    } catch (const Error &) {
    }
  };
  for (const auto &[name, value] : metadata.all()) {
    std::string_view key = name;
    attempt([&] { metadata.integer(key, -1000, 1000); });
    attempt([&] { metadata.number(key, -1, 1); });
    attempt([&] { metadata.optionalBoolean(key); });
    attempt([&] { metadata.string(key); });
    attempt([&] { metadata.strings(key); });
    attempt([&] { metadata.integers(key); });
    attempt([&] { metadata.floats(key); });
  }
}

/// Either an Error of one line, or tensors that lie in the file one after the other.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  try {
    GgufHeader header = parseGgufHeader(file, "fuzz.gguf");
    readPairs(header.metadata);
    uint64_t position = 0;
    for (const GgufTensor &tensor : header.tensors) {
      if (tensor.offset < position || tensor.offset > size || tensor.size > size - tensor.offset ||
          tensor.size != ggmlByteSize(tensor.type, tensor.shape))
        __builtin_trap();
      position = tensor.offset + tensor.size;
    }
  } catch (const Error &error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos)
      __builtin_trap();
  }
  return 0;
}
