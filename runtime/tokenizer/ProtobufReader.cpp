//===- ProtobufReader.cpp - the wire format of protocol buffers -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/ProtobufReader.h"

#include "runtime/formats/Error.h"

using namespace qopt;

std::string_view ProtobufReader::take(uint64_t count) {
  if (count > rest.size())
    fail("{}: truncated: field {} needs {} bytes but {} are left", file, fieldNumber, count,
         rest.size());
  std::string_view taken = rest.substr(0, count);
  rest.remove_prefix(count);
  return taken;
}

uint64_t ProtobufReader::readVarint() {
  uint64_t result = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    auto byte = static_cast<unsigned char>(take(1)[0]);
    result |= uint64_t(byte & 0x7f) << shift;
    if (byte < 0x80)
      return result;
  }
  fail("{}: not a SentencePiece model: a number of more than 64 bits after field {}", file,
       fieldNumber);
}

bool ProtobufReader::next() {
  if (rest.empty())
    return false;
  uint64_t tag = readVarint();
  fieldNumber = static_cast<uint32_t>(tag >> 3);
  wireType = static_cast<WireType>(tag & 7);
  if (fieldNumber == 0 || tag >> 3 > 0x1fffffff)
    fail("{}: not a SentencePiece model: field number {}", file, tag >> 3);
  switch (wireType) {
  case WireType::Varint:
    varint = readVarint();
    return true;
  case WireType::Fixed64:
    value = take(8);
    return true;
  case WireType::Fixed32:
    value = take(4);
    return true;
  case WireType::Bytes:
    value = take(readVarint());
    return true;
  }
  fail("{}: not a SentencePiece model: field {} has wire type {}", file, fieldNumber, tag & 7);
}

void ProtobufReader::expect(WireType expected) const {
  if (wireType != expected)
    fail("{}: not a SentencePiece model: field {} has wire type {}, not {}", file, fieldNumber,
         static_cast<int>(wireType), static_cast<int>(expected));
}

uint64_t ProtobufReader::integer() const {
  expect(WireType::Varint);
  return varint;
}

float ProtobufReader::floatingPoint() const {
  expect(WireType::Fixed32);
  uint32_t bits = 0;
  for (int i = 3; i >= 0; --i)
    bits = bits << 8 | static_cast<unsigned char>(value[i]);
  return std::bit_cast<float>(bits);
}

std::string_view ProtobufReader::bytes() const {
  expect(WireType::Bytes);
  return value;
}
