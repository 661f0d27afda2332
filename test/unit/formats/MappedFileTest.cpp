//===- MappedFileTest.cpp - mapped files ----------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/MappedFile.h"

#include "TestSupport.h"
#include <sys/stat.h>

using namespace qopt;
using namespace qopt::test;

static std::string openError(const std::string &path) {
  return errorOf([&] { MappedFile file(path); });
}

TEST(MappedFile, ReadsAndMoves) {
  TempDir dir;
  MappedFile file(dir.write("a", "hello"));
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(file.bytes().data()), 5), "hello");
  MappedFile moved = std::move(file);
  EXPECT_EQ(moved.bytes().size(), 5u);
  moved = MappedFile(dir.write("b", "bye"));
  EXPECT_EQ(moved.bytes().size(), 3u);
  EXPECT_EQ(moved.path(), dir.path("b"));
}

TEST(MappedFile, EmptyFile) {
  TempDir dir;
  MappedFile file(dir.write("empty", ""));
  EXPECT_TRUE(file.bytes().empty());
}

TEST(MappedFile, AdviceOnAnyRangeKeepsTheContents) {
  TempDir dir;
  MappedFile file(dir.write("a", std::string(10000, 'x')));
  using Advice = MappedFile::Advice;
  for (Advice advice : {Advice::Normal, Advice::Sequential, Advice::Random, Advice::WillNeed,
                        Advice::Populate, Advice::DontNeed})
    file.advise(file.bytes().subspan(4097, 123), advice);
  file.advise({}, Advice::WillNeed);
  EXPECT_EQ(char(file.bytes()[4100]), 'x');
}

TEST(MappedFile, NamesWhatCannotBeRead) {
  TempDir dir;
  expectContains(openError(dir.path("none")), {dir.path("none"), "No such file"});
  expectContains(openError(dir.path()), {dir.path(), "is a directory"});
  expectContains(openError("/dev/null"), {"/dev/null", "device"});
  std::string pipe = dir.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  expectContains(openError(pipe), {pipe, "pipe"}); // and does not wait for a writer
}
