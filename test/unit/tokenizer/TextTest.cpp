//===- TextTest.cpp - UTF-8, Unicode forms, regular expressions -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/AddedTokens.h"
#include "runtime/tokenizer/Pattern.h"
#include "runtime/tokenizer/UnicodeForm.h"
#include "runtime/tokenizer/Utf8.h"
#include "test/unit/formats/TestSupport.h"

using namespace qopt;
using namespace qopt::test;

static std::string repair(std::string_view bytes, InvalidBytes mode) {
  std::string pending(bytes);
  std::string out;
  drainUtf8(pending, /*isFinal=*/true, mode, out);
  EXPECT_TRUE(pending.empty());
  EXPECT_TRUE(isValidUtf8(out));
  return out;
}

TEST(Utf8, EncodesAndDecodesEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10ffff; c = c == 0xd7ff ? 0xe000 : c + 1) {
    std::string text;
    appendUtf8(c, text);
    Utf8Unit unit = firstUtf8Unit(text);
    ASSERT_TRUE(unit.kind == Utf8Unit::Valid && unit.length == text.size() &&
                utf8CodePoint(text) == c)
        << uint32_t(c);
  }
}

TEST(Utf8, ReplacesInvalidBytes) {
  struct Case {
    std::string bytes, perUnit, perByte;
  };
  // The examples of section 3.9 of the Unicode standard, among others.
  for (const auto &[bytes, perUnit, perByte] :
       {Case{"\xc0\xaf", "\ufffd\ufffd", "\ufffd\ufffd"},
        Case{"\xed\xa0\x80", "\ufffd\ufffd\ufffd", "\ufffd\ufffd\ufffd"},
        Case{"\xf4\x91\x92\x93\xff", "\ufffd\ufffd\ufffd\ufffd\ufffd",
             "\ufffd\ufffd\ufffd\ufffd\ufffd"},
        Case{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "\ufffd\ufffd\ufffd\ufffd\x41",
             "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\x41"},
        Case{"a\x80z\xe2\x82", "a\ufffdz\ufffd", "a\ufffdz\ufffd\ufffd"}}) {
    EXPECT_EQ(repair(bytes, InvalidBytes::OnePerUnit), perUnit);
    EXPECT_EQ(repair(bytes, InvalidBytes::OnePerByte), perByte);
  }
}

TEST(UnicodeForm, KnownForms) {
  EXPECT_EQ(toUnicodeForm("e\u0301a\u0323\u0308x", UnicodeForm::Nfc), "\u00e9\u1ea1\u0308x");
  EXPECT_EQ(toUnicodeForm("\u00e9\u1ea1", UnicodeForm::Nfd), "e\u0301a\u0323");
  EXPECT_EQ(toUnicodeForm("\ufb01 \u2460 \u212b", UnicodeForm::Nfkc), "fi 1 \u00c5");
  EXPECT_EQ(toUnicodeForm("\u1112\u1161\u11ab", UnicodeForm::Nfc), "\ud55c");
  EXPECT_EQ(toUnicodeForm("a\u0301\u0316", UnicodeForm::Nfd), "a\u0316\u0301");
  EXPECT_EQ(toUnicodeForm(std::string_view("a\0e\u0301", 5), UnicodeForm::Nfc),
            std::string("a\0\u00e9", 4));
  EXPECT_EQ(toUnicodeForm("\ufdfa", UnicodeForm::Nfkd).size(), 33u); // The longest there is.
}

TEST(UnicodeForm, ManyAccentsTakeNoQuadraticTime) {
  std::string text = "e";
  for (int i = 0; i < 100'000; ++i)
    text += i % 2 ? "\u0301" : "\u0316";
  std::string ordered = toUnicodeForm(text, UnicodeForm::Nfd);
  EXPECT_EQ(ordered.size(), text.size());
  EXPECT_EQ(ordered.substr(1, 2), "\u0316");
  EXPECT_EQ(ordered.substr(ordered.size() - 2), "\u0301");
}

static std::string matches(const Pattern &pattern, std::string_view text) {
  std::string result;
  pattern.forEachMatch(text, [&](ByteRange match) {
    result += fmt::format("[{}]", text.substr(match.begin, match.end - match.begin));
  });
  return result;
}

TEST(Pattern, WhiteSpaceIsUnicodes) {
  // U+180E is white space to PCRE2's own \s, and not to HF tokenizers.
  EXPECT_EQ(matches(Pattern::regex("\\s+"), "a \u00a0b\u180ec\u3000\u0085"),
            "[ \u00a0][\u3000\u0085]");
  EXPECT_EQ(matches(Pattern::regex("[^\\s]+"), "a\u180e b"), "[a\u180e][b]");
  EXPECT_EQ(matches(Pattern::regex("\\S+"), "a\u180e b"), "[a\u180e][b]");
}

TEST(Pattern, EmptyMatches) {
  EXPECT_EQ(matches(Pattern::regex("l*"), "hello"), "[][][ll][]");
  EXPECT_EQ(matches(Pattern::regex("(?=b)"), "\u00e9b\u00e9b"), "[][]");
  expectContains(errorOf([] { Pattern::literal(""); }), {"empty"});
}

TEST(Pattern, BrokenOrUnsupportedExpressions) {
  expectContains(errorOf([] { Pattern::regex("a(b"); }), {"'a(b'", "parenthesis"});
  expectContains(errorOf([] { Pattern::regex("\\h+"); }), {"'\\h'", "[0-9a-fA-F]"});
  expectContains(errorOf([] { Pattern::regex("\\C"); }), {"\\C"});
}

TEST(Pattern, TooMuchBacktrackingIsAnError) {
  std::string text = std::string(200, 'a') + "b";
  expectContains(errorOf([&] { matches(Pattern::regex("(?:a|aa)+$"), text); }),
                 {"'(?:a|aa)+$'", "gave up at byte 0 of 201"});
}
