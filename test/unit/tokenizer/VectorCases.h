//===- VectorCases.h - reference texts, ids and decoded texts ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_TOKENIZER_VECTORCASES_H
#define QOPT_TEST_UNIT_TOKENIZER_VECTORCASES_H

#include "runtime/formats/Json.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "test/unit/formats/TestSupport.h"

namespace qopt::test {

inline std::string dataFile(std::string_view name) {
  return std::string(QOPT_SOURCE_DIR) + "/test/unit/tokenizer/data/" + std::string(name);
}

/// The folder of optional, larger test data.
inline std::string sharedDirectory() {
  const char *directory = std::getenv("QOPT_SHARED_DIR");
  return directory ? directory : std::string(QOPT_SOURCE_DIR) + "/../shared";
}

/// A tokenizer whose directory holds just this file.
inline std::unique_ptr<Tokenizer> loadFile(std::string_view name, std::string_view contents) {
  TempDir directory;
  directory.write(name, contents);
  return Tokenizer::load(directory.path());
}

/// Checks the cases of one group of a file that make_vectors.py wrote.
void checkCases(const Tokenizer &tokenizer, const Json &group);

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_TOKENIZER_VECTORCASES_H
