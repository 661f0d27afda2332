//===- SessionLogits.h - logits for evaluation, from a session --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_SESSIONLOGITS_H
#define QOPT_RUNTIME_EVAL_SESSIONLOGITS_H

#include "runtime/eval/LogitsSource.h"
#include "runtime/session/Session.h"

namespace qopt {

/// Evaluates windows as sequences of a session, which has room for as many as come at once.
class SessionLogits final : public LogitsSource {
public:
  /// The session must outlive this.
  explicit SessionLogits(Session &session) : session(session) {}

  void visitLogits(std::span<const Window> windows, const Visitor &visit) override;
  void visitScores(std::span<const Window> windows, const ScoreVisitor &visit) override;

private:
  class WindowFeeds;

  Session &session;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_SESSIONLOGITS_H
