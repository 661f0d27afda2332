//===- LogProbabilityFileTest.cpp - llama.cpp's base logits, byte by byte -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/LogProbabilityFile.h"
#include "runtime/formats/Error.h"
#include <cmath>
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace qopt;
using testing::HasSubstr;

namespace {

/// A file that goes away with the test.
class LogProbabilityFileTest : public testing::Test {
protected:
  ~LogProbabilityFileTest() override { std::filesystem::remove(path); }

  std::string error() const {
    try {
      LogProbabilityFile file(path);
    } catch (const Error &e) {
      return e.what();
    }
    return "";
  }

  const std::string path = testing::TempDir() + "/" +
                           testing::UnitTest::GetInstance()->current_test_info()->name() + ".kld";
};

/// One window of 4 tokens, so that only the last is scored; a vocabulary of 3, padded to 4 codes.
/// Scale 2^-12: code 4096 is 1.
std::string handMadeFile() {
  std::string bytes = "_logits_";
  auto append = [&](auto value) { bytes.append(reinterpret_cast<char *>(&value), sizeof(value)); };
  for (int32_t value : {4, 3, 1, /*tokens*/ 0, 2, 1, 2})
    append(value);
  for (float value : {0x1p-12f, -3.0f})
    append(value);
  for (int code : {0, 4096, 10240, 0})
    append(uint16_t(code));
  return bytes;
}

TEST_F(LogProbabilityFileTest, ReadsHandMadeBytes) {
  writeFile(path, handMadeFile());
  const LogProbabilityFile file(path);
  EXPECT_EQ(file.ctx(), 4);
  EXPECT_EQ(file.vocabSize(), 3);
  EXPECT_THAT(file.tokens(), testing::ElementsAre(0, 2, 1, 2));
  std::vector<double> row(3);
  file.read(0, row);
  EXPECT_THAT(row, testing::ElementsAre(-3, -2, -0.5));
}

TEST_F(LogProbabilityFileTest, KeepsSixteenBits) {
  const std::vector<int32_t> tokens = {0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3};
  // Of the last row, three are beyond the range.
  const std::vector<std::vector<double>> rows = {
      {-0.5, -1, -2.5, -15, -9}, {-1.6, -1.6, -1.6, -1.6, -1.6}, {-1e-4, -30, -17, -100, -10}};
  LogProbabilityWriter writer(path, 4, 5, tokens);
  for (const std::vector<double> &row : rows)
    writer.append(row);
  writer.commit();
  EXPECT_EQ(std::filesystem::file_size(path), 8 + 12 + 4 * 12 + 3 * (8 + 2 * 6));
  const LogProbabilityFile file(path);
  EXPECT_THAT(file.tokens(), testing::ElementsAreArray(tokens));
  std::vector<double> row(5);
  for (size_t i = 0; i < rows.size(); ++i) {
    file.read(i, row);
    for (size_t j = 0; j < row.size(); ++j)
      EXPECT_NEAR(row[j], std::max(rows[i][j], rows[i][0] - 16), 16.0 / 65535 / 2 + 1e-6)
          << i << ", " << j;
  }
}

TEST_F(LogProbabilityFileTest, BadFiles) {
  const std::string good = handMadeFile();
  auto errorOf = [&](std::string bytes) {
    writeFile(path, bytes);
    return error();
  };
  auto with = [&](size_t offset, int32_t value) {
    std::string bytes = good;
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
    return bytes;
  };
  EXPECT_EQ(errorOf(good), "");
  EXPECT_THAT(errorOf(""), HasSubstr("does not start with '_logits_'"));
  EXPECT_THAT(errorOf("_logits_\x04"), HasSubstr("does not start with"));
  EXPECT_THAT(errorOf("_logots_" + good.substr(8)), HasSubstr("does not start with"));
  EXPECT_THAT(errorOf(good.substr(0, good.size() - 1)), HasSubstr("was it cut off?"));
  EXPECT_THAT(errorOf(good + "x"), HasSubstr("was it cut off?"));
  EXPECT_THAT(errorOf(with(8, 1 << 30)), HasSubstr("1 windows of 1073741824 tokens"));
  EXPECT_THAT(errorOf(with(8, 0)), HasSubstr("windows of 0 tokens"));
  EXPECT_THAT(errorOf(with(12, -1)), HasSubstr("a vocabulary of -1"));
  EXPECT_THAT(errorOf(with(16, 1 << 30)), HasSubstr("was it cut off?"));
  EXPECT_THAT(errorOf(with(24, 3)), HasSubstr("token 1 is 3, beyond the vocabulary of 3"));
}

TEST_F(LogProbabilityFileTest, RowsThatAreNotFinite) {
  std::string bytes = handMadeFile();
  const float nan = std::nanf("");
  std::memcpy(bytes.data() + 8 + 12 + 16, &nan, sizeof(nan));
  writeFile(path, bytes);
  const LogProbabilityFile file(path);
  std::vector<double> row(3);
  EXPECT_THROW(file.read(0, row), Error);
}

} // namespace
