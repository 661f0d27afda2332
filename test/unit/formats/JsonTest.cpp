//===- JsonTest.cpp - parsing JSON within limits --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Json.h"

#include "TestSupport.h"

using namespace qopt;
using namespace qopt::test;

static std::string parseError(std::string_view text, const JsonLimits &limits = {}) {
  return errorOf([&] { parseJson(text, "a.json", limits); });
}

TEST(Json, ParsesEveryKindOfValue) {
  Json json =
      parseJson(R"({"a": [1, -2, 3.5, true, null, "x\u00e9\n"], "b": {"c": {}}})", "a.json");
  EXPECT_EQ(json["a"][0].get<uint64_t>(), 1u);
  EXPECT_EQ(json["a"][1].get<int64_t>(), -2);
  EXPECT_EQ(json["a"][2].get<double>(), 3.5);
  EXPECT_TRUE(json["a"][3].get<bool>());
  EXPECT_TRUE(json["a"][4].is_null());
  EXPECT_EQ(json["a"][5].get<std::string>(), "x\xc3\xa9\n");
  EXPECT_TRUE(json["b"]["c"].empty());
  EXPECT_EQ(json, Json::parse(json.dump()));
  EXPECT_EQ(parseJson("7", "a.json"), 7);
}

TEST(Json, SyntaxErrorsNameFileAndPosition) {
  expectContains(parseError("{\n  \"a\": 1,\n}"), {"a.json: broken JSON: line 3, column 1"});
  expectContains(parseError(""), {"a.json: broken JSON: line 1, column 1"});
  expectContains(parseError("{} {}"), {"line 1, column 4"});
  expectContains(parseError("\"\xff\""), {"line 1, column 2", "UTF-8"});
  EXPECT_NE(parseError("[1, NaN]"), "");
  EXPECT_NE(parseError("[1e999]"), "");
}

TEST(Json, ErrorsStayShortForLongTokens) {
  EXPECT_LT(parseError("\"" + std::string(100000, 'x')).size(), 300u);
}

TEST(Json, RefusesDuplicateKeys) {
  expectContains(parseError(R"({"a": 1, "b": {"a": 2}, "a": 3})"), {"a.json", "'a'", "twice"});
}

TEST(Json, RefusesDeepNesting) {
  std::string deep = std::string(64, '[') + std::string(64, ']');
  EXPECT_EQ(parseError(deep), "");
  expectContains(parseError("[" + deep + "]"), {"a.json", "deeper than 64"});
  expectContains(parseError(std::string(1000000, '[')), {"deeper than 64"});
}

TEST(Json, RefusesTooManyBytes) {
  expectContains(parseError("[1, 2, 3]", {.maxBytes = 8}), {"9 bytes", "at most 8"});
}

TEST(Json, ReadsFiles) {
  TempDir dir;
  EXPECT_EQ(readJsonFile(dir.write("good.json", "[1]")), Json::array({1}));
  std::string bad = dir.write("bad.json", "[1");
  expectContains(errorOf([&] { readJsonFile(bad); }), {bad, "line 1, column 3"});
  std::string missing = dir.path("missing.json");
  expectContains(errorOf([&] { readJsonFile(missing); }), {missing, "No such file"});
  std::string empty = dir.write("empty.json", "");
  expectContains(errorOf([&] { readJsonFile(empty); }), {empty, "line 1"});
}
