//===- SessionLogits.cpp - logits for evaluation, from a session ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/SessionLogits.h"
#include <map>

namespace qopt {

void SessionLogits::visitLogits(std::span<const Window> windows, const Visitor &visit) {
  std::map<SequenceId, size_t> windowOf;
  std::vector<Feed> feeds;
  for (size_t i = 0; i < windows.size(); ++i) {
    const SequenceId sequence = session.addSequence();
    windowOf[sequence] = i;
    // The last token is a target only, and a token's logits predict the one after it.
    const auto tokens = std::span(windows[i].tokens).first(windows[i].tokens.size() - 1);
    feeds.push_back({sequence, tokens, windows[i].firstScored - 1});
  }
  session.run(feeds, [&](const TokenResult &result) {
    visit(windowOf.at(result.sequence), size_t(result.position) + 1, result.logits);
  });
  for (const Feed &feed : feeds)
    session.removeSequence(feed.sequence);
}

} // namespace qopt
