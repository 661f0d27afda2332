//===- SafetensorsFuzz.cpp - any bytes as a safetensors file --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/SafetensorsHeader.h"
#include <cstring>

using namespace qopt;

/// Either an Error of one line, or tensors that cover the data one after the other.
static void parse(std::span<const std::byte> file) {
  try {
    SafetensorsHeader header = parseSafetensorsHeader(file, "fuzz.safetensors");
    uint64_t length;
    memcpy(&length, file.data(), 8);
    uint64_t position = 8 + length;
    for (const TensorInfo &tensor : header.tensors) {
      if (tensor.offset != position || tensor.size != tensorByteSize(tensor.dtype, tensor.shape))
        __builtin_trap();
      position += tensor.size;
    }
    if (position != file.size())
      __builtin_trap();
  } catch (const Error &error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos)
      __builtin_trap();
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::span<const std::byte> input = std::as_bytes(std::span(data, size));
  parse(input);
  // The same with a length that is right, as mutations rarely keep it: the header ends with the
  // last brace behind where the length was.
  if (size < 8)
    return 0;
  uint64_t end = std::string_view(reinterpret_cast<const char *>(data), size).rfind('}') + 1;
  uint64_t length = end < 8 ? 0 : end - 8;
  std::vector<std::byte> file(input.begin(), input.end());
  memcpy(file.data(), &length, 8);
  parse(file);
  return 0;
}
