//===- Group.cpp - lanes of a warp that are at one instruction ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Group.h"

#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;
using State = Group::State;

bool GroupList::takeFirst(Group &first) {
  const Group *lowest = nullptr;
  for (const Group &group : *this)
    if (group.state == State::Ready && (!lowest || group.pc < lowest->pc))
      lowest = &group;
  if (!lowest)
    return false;
  first = {lowest->pc, 0, State::Ready, 0};
  size_t kept = 0;
  for (size_t i = 0; i < size; ++i) {
    if (groups[i].pc == first.pc && groups[i].state != State::AtBarrier)
      first.mask |= groups[i].mask;
    else
      groups[kept++] = groups[i];
  }
  size = kept;
  return true;
}

uint32_t GroupList::joinPoint() const {
  uint32_t point = UINT32_MAX;
  for (const Group &group : *this)
    if (group.state != State::AtBarrier)
      point = std::min(point, group.pc);
  return point;
}

bool GroupList::wakeRested() {
  bool found = false;
  for (size_t i = 0; i < size; ++i) {
    if (groups[i].state != State::Rested)
      continue;
    groups[i].state = State::Ready;
    found = true;
  }
  return found;
}

void GroupList::releaseBarrier(unsigned barrier) {
  for (size_t i = 0; i < size; ++i)
    if (groups[i].state == State::AtBarrier && groups[i].barrier == barrier)
      groups[i].state = State::Ready;
}
