//===- ProtobufReader.h - the wire format of protocol buffers ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_PROTOBUFREADER_H
#define QOPT_RUNTIME_TOKENIZER_PROTOBUFREADER_H

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace qopt {

/// Walks over the fields of one message. (The SentencePiece library, which would parse its models,
/// neither tells how they normalize text nor survives every broken file.)
class ProtobufReader {
public:
  /// `message` and `file`, which starts the error messages, must outlive this.
  ProtobufReader(std::string_view message, const std::string &file) : rest(message), file(file) {}

  /// Goes to the next field; false at the end. Throws an Error if the message is cut off or
  /// malformed.
  bool next();

  /// The number of the field.
  uint32_t number() const { return fieldNumber; }

  // The value of the field; throw an Error if it is of another wire type.
  uint64_t integer() const;
  float floatingPoint() const;
  std::string_view bytes() const; ///< A string or a message.

private:
  enum class WireType { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

  uint64_t readVarint();
  std::string_view take(uint64_t count);
  void expect(WireType expected) const;

  std::string_view rest;
  const std::string &file;
  uint32_t fieldNumber = 0;
  WireType wireType = WireType::Varint;
  uint64_t varint = 0;    ///< Of Varint fields.
  std::string_view value; ///< Of others.
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_PROTOBUFREADER_H
