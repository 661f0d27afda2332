//===- SessionLogits.cpp - logits for evaluation, from a session ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/SessionLogits.h"
#include <map>

using namespace qopt;

/// A sequence for each window, and its tokens.
class SessionLogits::WindowFeeds {
public:
  WindowFeeds(Session &session, std::span<const Window> windows) : session(session) {
    for (size_t i = 0; i < windows.size(); ++i) {
      const SequenceId sequence = session.addSequence();
      windowOf[sequence] = i;
      // The last token is a target only, and a token's logits predict the one after it.
      const std::span<const int32_t> tokens = windows[i].tokens;
      all.push_back({sequence, tokens.first(tokens.size() - 1), windows[i].firstScored - 1,
                     tokens.subspan(windows[i].firstScored)});
    }
  }
  ~WindowFeeds() {
    for (const Feed &feed : all)
      session.removeSequence(feed.sequence);
  }
  WindowFeeds(const WindowFeeds &) = delete;
  WindowFeeds &operator=(const WindowFeeds &) = delete;

  std::span<const Feed> feeds() const { return all; }
  size_t window(SequenceId sequence) const { return windowOf.at(sequence); }

private:
  Session &session;
  std::map<SequenceId, size_t> windowOf;
  std::vector<Feed> all;
};

void SessionLogits::visitLogits(std::span<const Window> windows, const Visitor &visit) {
  const WindowFeeds feeds(session, windows);
  session.run(feeds.feeds(), [&](const TokenResult &result) {
    visit(feeds.window(result.sequence), size_t(result.position) + 1, result.logits);
  });
}

void SessionLogits::visitScores(std::span<const Window> windows, const ScoreVisitor &visit) {
  const WindowFeeds feeds(session, windows);
  session.score(feeds.feeds(), [&](const TokenScore &result) {
    visit(feeds.window(result.sequence), size_t(result.position) + 1, result.score);
  });
}
