//===- SessionTest.cpp - batches, chunks, pages and heads -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/Session.h"

#include "ToyArtifact.h"
#include "runtime/device/cpu/CpuDevice.h"
#include <cmath>
#include <map>
#include <random>

using namespace qopt;
using namespace qopt::test;

namespace {

/// The toy on a device, with a session and what every sequence was fed.
class SessionTest : public testing::Test {
protected:
  void start(SessionOptions options, unsigned threads = 2) {
    artifact.emplace(Artifact::open(toy.path(), 1));
    device = openCpuDevice(*artifact, {threads, ""});
    session = std::make_unique<Session>(artifact->plan(), *device, options);
  }

  SequenceId add() {
    SequenceId id = session->addSequence();
    history[id].clear();
    return id;
  }

  SequenceId fork(SequenceId from) {
    SequenceId id = session->fork(from);
    history[id] = history[from];
    return id;
  }

  /// Feeds tokens and expects the logits of all from `firstLogits` of each feed on.
  void feed(const std::vector<std::pair<SequenceId, std::vector<int32_t>>> &batch,
            size_t firstLogits = 0) {
    std::vector<Feed> feeds;
    std::map<SequenceId, int64_t> next;
    size_t expected = 0;
    for (const auto &[id, tokens] : batch) {
      next[id] = session->length(id) + int64_t(firstLogits);
      feeds.push_back({id, tokens, firstLogits});
      history[id].insert(history[id].end(), tokens.begin(), tokens.end());
      expected += tokens.size() - std::min(tokens.size(), firstLogits);
    }
    size_t results = 0;
    session->run(feeds, [&](const TokenResult &result) {
      ++results;
      ASSERT_EQ(result.position, next[result.sequence]++);
      ASSERT_EQ(result.logits.size(), 1024u);
      std::span<const int32_t> past =
          std::span(history[result.sequence]).first(size_t(result.position) + 1);
      for (int32_t token : {0, 1, 511, 1023})
        ASSERT_EQ(result.logits[size_t(token)], toyLogit(past, token))
            << "sequence " << result.sequence << ", position " << result.position;
    });
    EXPECT_EQ(results, expected);
    for (const auto &[id, tokens] : batch)
      EXPECT_EQ(session->length(id), int64_t(history[id].size()));
  }

  ToyArtifact toy;
  std::optional<Artifact> artifact;
  std::unique_ptr<Device> device;
  std::unique_ptr<Session> session;
  std::map<SequenceId, std::vector<int32_t>> history;
};

} // namespace

static std::vector<int32_t> randomTokens(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t &token : tokens)
    token = int32_t(random() % 1024);
  return tokens;
}

TEST_F(SessionTest, OneSequenceInChunksOfAnyLength) {
  for (int64_t chunk : {1, 2, 3, 4, 5, 16, 64, 512})
    for (unsigned threads : {1u, 3u}) {
      start({0, chunk, 1}, threads);
      SequenceId id = add();
      feed({{id, randomTokens(37, 1)}});
      feed({{id, randomTokens(1, 2)}});
      feed({{id, randomTokens(12, 3)}});
    }
}

TEST_F(SessionTest, SequencesOfDifferentLengthsInOneBatch) {
  for (int64_t chunk : {1, 5, 7, 512}) {
    start({0, chunk, 4});
    SequenceId a = add(), b = add(), c = add();
    feed({{a, randomTokens(3, 1)}, {b, randomTokens(21, 2)}, {c, randomTokens(8, 3)}});
    for (unsigned step = 0; step < 9; ++step)
      feed({{a, randomTokens(1, 10 + step)},
            {c, randomTokens(1, 30 + step)},
            {b, randomTokens(1, 20 + step)}});
    session->removeSequence(b);
    SequenceId d = add();
    EXPECT_EQ(d, b);
    feed({{d, randomTokens(6, 4)}, {a, randomTokens(5, 5)}});
  }
}

TEST_F(SessionTest, LogitsOnlyWhereWanted) {
  start({0, 8, 1});
  SequenceId id = add();
  feed({{id, randomTokens(20, 1)}}, 19);
  feed({{id, randomTokens(20, 2)}}, 20);
  feed({{id, randomTokens(20, 3)}}, 11);
  feed({{id, {}}});
}

TEST_F(SessionTest, MoreLogitsThanAHeadComputesAtOnce) {
  start({0, 512, 1});
  SequenceId id = add();
  feed({{id, randomTokens(65, 1)}}); // 64 and, through the head of one row, 1
  feed({{id, randomTokens(200, 2)}});
}

TEST_F(SessionTest, DecodeRunsWhereItsRowsMatch) {
  start({0, 512, 2});
  SequenceId a = add(), b = add();
  feed({{a, {7}}});
  EXPECT_EQ(session->hiddenRow(0)[2], 1);
  feed({{a, {7, 8}}});
  EXPECT_EQ(session->hiddenRow(0)[2], 0);
  feed({{a, {7}}, {b, {8}}});
  EXPECT_EQ(session->hiddenRow(1)[2], 0);
  EXPECT_EQ(session->hiddenRow(1)[1], 1); // The second sequence begins in row 1.
}

TEST_F(SessionTest, ForksSharePagesUntilOneWrites) {
  start({0, 512, 3});
  SequenceId a = add();
  feed({{a, randomTokens(10, 1)}}); // Two full pages and one with two tokens.
  EXPECT_EQ(session->cache().pagesUsed(), 3);
  SequenceId b = fork(a), c = fork(b);
  EXPECT_EQ(session->cache().pagesUsed(), 3);
  feed({{b, {5}}}); // Copies the third page.
  EXPECT_EQ(session->cache().pagesUsed(), 4);
  feed({{b, {6}}});
  EXPECT_EQ(session->cache().pagesUsed(), 4);
  feed({{a, {9}}, {c, {10, 11, 12}}}); // c takes a page too and begins a fourth; a has its own.
  EXPECT_EQ(session->cache().pagesUsed(), 6);
  feed({{a, randomTokens(9, 2)}, {b, randomTokens(9, 3)}, {c, randomTokens(9, 4)}});
  session->removeSequence(a);
  feed({{b, randomTokens(9, 5)}, {c, randomTokens(9, 6)}});
  session->removeSequence(b);
  session->removeSequence(c);
  EXPECT_EQ(session->cache().pagesUsed(), 0);
}

TEST_F(SessionTest, ForksAtAPageBoundaryCopyNothing) {
  start({0, 512, 2});
  SequenceId a = add();
  feed({{a, randomTokens(8, 1)}});
  SequenceId b = fork(a);
  feed({{a, {1}}, {b, {2}}});
  EXPECT_EQ(session->cache().pagesUsed(), 4);
}

TEST_F(SessionTest, TheRopeTableIsComputedInDouble) {
  start({0, 512, 1});
  SequenceId id = add();
  feed({{id, randomTokens(300, 1)}});
  for (int64_t position : {0, 1, 127, 128, 299})
    EXPECT_EQ(session->hiddenRow(position)[3], float(std::cos(0.5 * double(position))));
}

TEST_F(SessionTest, TheContextIsALimit) {
  start({10, 4, 1});
  SequenceId id = add();
  feed({{id, randomTokens(8, 1)}});
  std::vector<int32_t> more = randomTokens(3, 2);
  Feed tooMany{id, more, 0};
  std::string message =
      errorOf([&] { session->run(std::span(&tooMany, 1), [](const TokenResult &) {}); });
  expectContains(message, {"sequence 0", "11 tokens", "10"});
  EXPECT_EQ(session->length(id), 8); // Nothing ran.
  feed({{id, randomTokens(2, 3)}});
  expectContains(errorOf([&] { start({513, 4, 1}); }), {"513", "512"});
  expectContains(errorOf([&] { start({0, 0, 1}); }), {"chunk of 0"});
}

TEST_F(SessionTest, TokensMustBeInTheVocabulary) {
  start({0, 512, 1});
  for (int32_t token : {-1, 1024}) {
    std::vector<int32_t> tokens = {3, token};
    Feed bad{session->addSequence(), tokens, 0};
    expectContains(errorOf([&] { session->run(std::span(&bad, 1), [](const TokenResult &) {}); }),
                   {"position 1", fmt::format("token {}", token), "1024"});
    session->removeSequence(bad.sequence);
  }
}

TEST_F(SessionTest, SequencesAreLimited) {
  start({0, 512, 2});
  add();
  add();
  expectContains(errorOf([&] { session->addSequence(); }), {"2 sequences"});
}

/// What was taken back is gone, pages included, and a fork that shares them keeps its own.
TEST_F(SessionTest, TruncatedSequencesGoOnFromThere) {
  start({64, 16, 2});
  SequenceId a = add();
  feed({{a, {5, 6, 7, 8, 9, 10, 11, 12, 13}}});
  SequenceId b = fork(a);
  EXPECT_EQ(session->cache().pagesUsed(), 3);
  session->truncate(a, 4);
  history[a].resize(4);
  EXPECT_EQ(session->length(a), 4);
  EXPECT_EQ(session->cache().pagesUsed(), 3);
  feed({{a, {20, 21}}, {b, {30}}});
  session->removeSequence(b);
  session->truncate(a, 0);
  history[a].clear();
  EXPECT_EQ(session->cache().pagesUsed(), 0);
  feed({{a, {1, 2, 3}}});
}

/// A window holds the newest tokens; what it held long before is gone.
TEST_F(SessionTest, WindowsLimitTruncation) {
  toy.plan["targets"]["cpu"]["caches"][0]["k"]["window_bytes"] = 16;
  toy.write();
  start({512, 512, 2});
  SequenceId a = add();
  feed({{a, randomTokens(300, 1)}});
  SequenceId b = fork(a);
  session->truncate(a, 172);
  expectContains(errorOf([&] { session->truncate(b, 171); }),
                 {"300 tokens", "back to 171", "newest 128"});
  session->truncate(b, 0);
  EXPECT_EQ(session->length(b), 0);
}

TEST_F(SessionTest, LogitsThatAreNotFiniteAreAnError) {
  for (float weight : {NAN, INFINITY}) {
    toy.writeWeight("toy.weight", weight);
    start({0, 4, 1});
    std::vector<int32_t> tokens = randomTokens(10, 1);
    Feed feed{session->addSequence(), tokens, 6};
    expectContains(errorOf([&] { session->run(std::span(&feed, 1), [](const TokenResult &) {}); }),
                   {"sequence 0", "position 6", "nan"});
  }
}
