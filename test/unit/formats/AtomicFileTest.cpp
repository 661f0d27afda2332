//===- AtomicFileTest.cpp - output files, whole or not at all -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/AtomicFile.h"

#include "TestSupport.h"
#include <sys/resource.h>
#include <thread>

using namespace qopt;
using namespace qopt::test;

namespace {
/// Files cannot grow beyond `bytes`: what a full disk looks like, without privileges.
class FileSizeLimit {
public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &saved);
    rlimit lower = {bytes, saved.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &saved); }

private:
  rlimit saved;
};
} // namespace

TEST(AtomicFile, AppearsOnCommit) {
  TempDir dir;
  std::string path = dir.path("out");
  AtomicFile file(path);
  file.append("abc");
  file.append("def");
  EXPECT_FALSE(std::filesystem::exists(path));
  file.commit();
  EXPECT_EQ(readAll(path), "abcdef");
  EXPECT_EQ(dir.size(), 1u);
}

TEST(AtomicFile, WithoutCommitTheOldFileStays) {
  TempDir dir;
  std::string path = dir.write("out", "old");
  {
    AtomicFile file(path);
    file.append("new");
  }
  EXPECT_EQ(readAll(path), "old");
  EXPECT_EQ(dir.size(), 1u);
  writeFile(path, "new");
  EXPECT_EQ(readAll(path), "new");
  EXPECT_EQ(dir.size(), 1u);
}

TEST(AtomicFile, ThreadsWriteAnywhere) {
  TempDir dir;
  constexpr size_t block = 10007, blocks = 16;
  AtomicFile file(dir.path("out"), block * blocks + 5);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (size_t i = t; i < blocks; i += 4)
        file.writeAt(i * block, asBytes(std::string(block, char('a' + i))));
    });
  for (std::thread &thread : threads)
    thread.join();
  file.commit();
  std::string contents = readAll(dir.path("out"));
  ASSERT_EQ(contents.size(), block * blocks + 5);
  for (size_t i = 0; i < blocks; ++i)
    ASSERT_EQ(contents.substr(i * block, block), std::string(block, char('a' + i)));
  EXPECT_EQ(contents.substr(block * blocks), std::string(5, '\0')); // reserved, never written
}

TEST(AtomicFile, WritesThroughALink) {
  TempDir dir;
  std::string target = dir.write("target", "old");
  std::filesystem::create_symlink("target", dir.path("link"));
  writeFile(dir.path("link"), "new");
  EXPECT_EQ(readAll(target), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(dir.path("link")));
}

TEST(AtomicFile, FullDiskWhileWriting) {
  TempDir dir;
  std::string path = dir.write("out", "old");
  std::string message;
  {
    FileSizeLimit limit(4096);
    message = errorOf([&] {
      AtomicFile file(path);
      file.writeAt(0, asBytes(std::string(10000, 'x')));
      file.commit();
    });
  }
  // The first 4096 bytes still fit.
  expectContains(message, {"cannot write 5904 bytes at offset 4096", path, "File too large"});
  EXPECT_EQ(readAll(path), "old");
  EXPECT_EQ(dir.size(), 1u);
}

TEST(AtomicFile, FullDiskWhileReserving) {
  TempDir dir;
  std::string message;
  {
    FileSizeLimit limit(4096);
    message = errorOf([&] { AtomicFile file(dir.path("out"), 10000); });
  }
  expectContains(message, {"cannot reserve 10000 bytes", dir.path("out"), "File too large"});
  EXPECT_EQ(dir.size(), 0u);
}

TEST(AtomicFile, NamesWhatCannotBeWritten) {
  TempDir dir;
  auto createError = [](const std::string &path) {
    return errorOf([&] { AtomicFile file(path); });
  };
  expectContains(createError(dir.path("no/out")), {dir.path("no/out"), "No such file"});
  expectContains(createError(dir.path()), {dir.path(), "directory"});
  expectContains(createError("/dev/full"), {"/dev/full", "device"});
  expectContains(createError(""), {"empty"});
}
