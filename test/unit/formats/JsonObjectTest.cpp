//===- JsonObjectTest.cpp - typed access to a JSON object -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "runtime/formats/Json.h"

using namespace qopt;
using namespace qopt::test;

static const Json json = Json::parse(R"({
  "int": 7, "negative": -1, "huge": 18446744073709551615, "float": 1.5, "yes": true, "text": "abc",
  "null": null, "list": [1, 2], "names": ["a", "b"], "mixed": ["a", 1], "nested": {"x": 1, "y": -5}
})");
static const JsonObject object(json, "c.json");

TEST(JsonObject, ReadsTypedValues) {
  EXPECT_EQ(object.integer("int", 0, 10), 7);
  EXPECT_EQ(object.number("float", 0, 2), 1.5);
  EXPECT_EQ(object.number("int", 0, 10), 7.0);
  EXPECT_TRUE(object.boolean("yes"));
  EXPECT_EQ(object.string("text"), "abc");
  EXPECT_EQ(object.object("nested").integer("x", 0, 1), 1);
  EXPECT_EQ(object.integerList("list", 0, 9), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(object.integerList("int", 0, 9), (std::vector<int64_t>{7}));
  EXPECT_EQ(object.stringList("names"), (std::vector<std::string>{"a", "b"}));
}

TEST(JsonObject, AbsentAndNullAreTheSame) {
  for (const char *key : {"null", "absent"}) {
    EXPECT_FALSE(object.has(key));
    EXPECT_EQ(object.optionalInteger(key, 0, 1), std::nullopt);
    EXPECT_EQ(object.optionalNumber(key, 0, 1), std::nullopt);
    EXPECT_EQ(object.optionalBoolean(key), std::nullopt);
    EXPECT_EQ(object.optionalString(key), std::nullopt);
    EXPECT_FALSE(object.optionalObject(key));
    EXPECT_TRUE(object.integerList(key, 0, 1).empty());
    EXPECT_TRUE(object.stringList(key).empty());
    std::string missing = std::string("c.json: '") + key + "' is missing";
    EXPECT_EQ(errorOf([&] { object.integer(key, 0, 1); }), missing);
    EXPECT_EQ(errorOf([&] { object.number(key, 0, 1); }), missing);
    EXPECT_EQ(errorOf([&] { object.boolean(key); }), missing);
    EXPECT_EQ(errorOf([&] { object.string(key); }), missing);
    EXPECT_EQ(errorOf([&] { object.object(key); }), missing);
  }
}

TEST(JsonObject, ErrorsNameKeyValueAndRange) {
  EXPECT_EQ(errorOf([] { object.integer("int", 8, 10); }),
            "c.json: 'int' is 7; expected an integer from 8 to 10");
  EXPECT_EQ(errorOf([] { object.integer("negative", 0, 10); }),
            "c.json: 'negative' is -1; expected an integer from 0 to 10");
  EXPECT_EQ(errorOf([] { object.integer("float", 0, 10); }),
            "c.json: 'float' is 1.5; expected an integer from 0 to 10");
  expectContains(errorOf([] { object.integer("huge", 0, std::numeric_limits<int64_t>::max()); }),
                 {"'huge' is 18446744073709551615"});
  EXPECT_EQ(errorOf([] { object.integer("text", 0, 10); }),
            "c.json: 'text' is 'abc'; expected an integer from 0 to 10");
  EXPECT_EQ(errorOf([] { object.number("yes", 0, 1); }),
            "c.json: 'yes' is true; expected a number from 0 to 1");
  EXPECT_EQ(errorOf([] { object.boolean("int"); }), "c.json: 'int' is 7; expected true or false");
  EXPECT_EQ(errorOf([] { object.string("list"); }), "c.json: 'list' is a list; expected a string");
  EXPECT_EQ(errorOf([] { object.object("int"); }), "c.json: 'int' is 7; expected an object");
  EXPECT_EQ(errorOf([] { object.object("nested").integer("y", 0, 9); }),
            "c.json: 'nested.y' is -5; expected an integer from 0 to 9");
  EXPECT_EQ(errorOf([] { object.integerList("list", 0, 1); }),
            "c.json: 'list' is 2; expected integers from 0 to 1");
  EXPECT_EQ(errorOf([] { object.stringList("mixed"); }),
            "c.json: 'mixed' contains 1; expected strings");
}

TEST(JsonObject, RefusesOtherRoots) {
  Json list = Json::array({1});
  EXPECT_EQ(errorOf([&] { JsonObject(list, "d.json"); }),
            "d.json: expected a JSON object, found a list");
}

TEST(JsonObject, HostileTextIsEscapedAndCut) {
  Json hostile = {{"key", "a\nb\x01" + std::string(1000, 'x')}};
  std::string message = errorOf([&] { JsonObject(hostile, "e.json").integer("key", 0, 1); });
  expectContains(message, {"'a\\x0ab\\x01xxx", "...'"});
  EXPECT_LT(message.size(), 250u);
}
