//===- WarpOperations.cpp - shuffles, votes and reductions over a warp ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All take the mask of the lanes that take part as operands[0], and run when these are there.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;
using Kind = ptx::Operand::Kind;

namespace {

void assignPredicate(LaneMask &to, LaneMask mask, LaneMask value) {
  to = (to & ~mask) | (value & mask);
}

enum class Shuffle : uint8_t { Up, Down, Butterfly, Index };

/// The lane that `lane` reads; itself, and `inRange` false, if that is outside of its segment.
template <Shuffle mode> unsigned sourceLane(int lane, uint32_t b, uint32_t c, bool &inRange) {
  int distance = int(b & 31), clamp = int(c & 31), segment = int((c >> 8) & 31);
  int last = (lane & segment) | (clamp & ~segment), source = 0;
  if constexpr (mode == Shuffle::Up)
    source = lane - distance;
  else if constexpr (mode == Shuffle::Down)
    source = lane + distance;
  else if constexpr (mode == Shuffle::Butterfly)
    source = lane ^ distance;
  else
    source = (lane & segment) | (distance & ~segment);
  inRange = mode == Shuffle::Up ? source >= last : source <= last;
  return unsigned(inRange ? source : lane) & 31;
}

/// Operands: lanes, result, whether the source was in range, a, b, c.
template <Shuffle mode> void shuffle(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[3]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[4]);
  const uint32_t *c = warp.lanes<uint32_t>(in.operands[5]);
  uint32_t results[kWarpSize];
  LaneMask allInRange = 0, absent = 0;
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    bool inRange;
    unsigned from = sourceLane<mode>(int(lane), b[lane], c[lane], inRange);
    allInRange |= LaneMask(inRange) << lane;
    absent |= LaneMask(!isActive(mask, from)) << lane;
    results[lane] = a[from];
  }
  if ((absent & mask) != 0) {
    unsigned lane = firstLane(absent & mask);
    bool inRange;
    raise(FaultKind::Divergence, lane, "reads lane {}, which does not take part (lanes {:#x} do)",
          sourceLane<mode>(int(lane), b[lane], c[lane], inRange), mask);
  }
  assignLanes(warp.lanes<uint32_t>(in.operands[1]), mask,
              [&](unsigned lane) { return results[lane]; });
  assignPredicate(warp.predicate(in.operands[2]), mask, allInRange);
}

void decodeShuffle(Decoding &d) {
  d.needOneOf({"sync"});
  static constexpr Handler handlers[] = {shuffle<Shuffle::Up>, shuffle<Shuffle::Down>,
                                         shuffle<Shuffle::Butterfly>, shuffle<Shuffle::Index>};
  Handler handler = handlers[d.needOneOf({"up", "down", "bfly", "idx"})];
  d.takeType({Type::B32});
  d.expectOperands(5);
  Slot a = d.use(1, Type::B32), b = d.use(2, Type::B32), c = d.use(3, Type::B32);
  Slot lanes = d.use(4, Type::B32);
  bool isPair = d.operand(0).kind == Kind::Pair;
  Slot result = d.define(isPair ? d.operand(0).elements[0] : d.operand(0), Type::B32);
  Slot inRange = isPair ? d.define(d.operand(0).elements[1], Type::Pred) : d.symbols.sink(1);
  d.emitCollective(handler, {lanes, result, inRange, a, b, c});
}

enum class Vote : uint8_t { All, Any, Uniform, Ballot };

/// Operands: lanes, result, predicate, which `immediate` flips.
void vote(Warp &warp, const Instruction &in, LaneMask mask) {
  LaneMask votes = (warp.predicate(in.operands[2]) ^ LaneMask(in.immediate)) & mask;
  bool result = false;
  switch (Vote(in.mode)) {
  case Vote::Ballot:
    return assignLanes(warp.lanes<uint32_t>(in.operands[1]), mask, [=](unsigned) { return votes; });
  case Vote::All:
    result = votes == mask;
    break;
  case Vote::Any:
    result = votes != 0;
    break;
  case Vote::Uniform:
    result = votes == mask || votes == 0;
    break;
  }
  assignPredicate(warp.predicate(in.operands[1]), mask, result ? kAllLanes : 0);
}

void decodeVote(Decoding &d) {
  d.needOneOf({"sync"});
  auto mode = Vote(d.needOneOf({"all", "any", "uni", "ballot"}));
  Type type = d.takeType({mode == Vote::Ballot ? Type::B32 : Type::Pred});
  d.expectOperands(3);
  LaneMask flip;
  Slot predicate = d.usePredicate(d.operand(1), flip), lanes = d.use(2, Type::B32);
  Operation &operation = d.emitCollective(vote, {lanes, d.define(0, type), predicate});
  operation.instruction.mode = uint8_t(mode);
  operation.instruction.immediate = flip;
}

/// Operands: lanes, result, a: for each lane, the lanes with its value.
template <typename Storage> void matchAny(Warp &warp, const Instruction &in, LaneMask mask) {
  const Storage *a = warp.lanes<Storage>(in.operands[2]);
  uint32_t results[kWarpSize];
  forEachLane(mask, [&](unsigned lane) {
    results[lane] = 0;
    forEachLane(mask,
                [&](unsigned other) { results[lane] |= LaneMask(a[other] == a[lane]) << other; });
  });
  assignLanes(warp.lanes<uint32_t>(in.operands[1]), mask,
              [&](unsigned lane) { return results[lane]; });
}

/// Operands: lanes, result, a, predicate: all lanes if all have one value, else none.
template <typename Storage> void matchAll(Warp &warp, const Instruction &in, LaneMask mask) {
  const Storage *a = warp.lanes<Storage>(in.operands[2]);
  bool same = true;
  forEachLane(mask, [&](unsigned lane) { same &= a[lane] == a[firstLane(mask)]; });
  assignLanes(warp.lanes<uint32_t>(in.operands[1]), mask,
              [=](unsigned) { return same ? mask : 0; });
  assignPredicate(warp.predicate(in.operands[3]), mask, same ? kAllLanes : 0);
}

void decodeMatch(Decoding &d) {
  d.needOneOf({"sync"});
  bool isAny = d.needOneOf({"any", "all"}) == 0;
  Type type = d.takeType({Type::B32, Type::B64});
  d.expectOperands(3);
  Slot a = d.use(1, type), lanes = d.use(2, Type::B32);
  bool isLong = type == Type::B64;
  bool isPair = d.operand(0).kind == Kind::Pair;
  if (isAny && isPair)
    d.error("match.any has one result");
  Slot result = d.define(isPair ? d.operand(0).elements[0] : d.operand(0), Type::B32);
  Slot same = isPair ? d.define(d.operand(0).elements[1], Type::Pred) : d.symbols.sink(1);
  Handler handler = isAny ? (isLong ? matchAny<uint64_t> : matchAny<uint32_t>)
                          : (isLong ? matchAll<uint64_t> : matchAll<uint32_t>);
  d.emitCollective(handler, {lanes, result, a, same});
}

enum class Reduction : uint8_t { Add, Min, Max, And, Or, Xor };

template <typename T> T combine(Reduction reduction, T a, T b) {
  switch (reduction) {
  case Reduction::Add:
    return T(uint32_t(a) + uint32_t(b));
  case Reduction::Min:
    return std::min(a, b);
  case Reduction::Max:
    return std::max(a, b);
  case Reduction::And:
    return a & b;
  case Reduction::Or:
    return a | b;
  case Reduction::Xor:
    break;
  }
  return a ^ b;
}

/// Operands: lanes, result, a.
template <typename T> void reduce(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[2]);
  T result = T(a[firstLane(mask)]);
  forEachLane(mask & (mask - 1),
              [&](unsigned lane) { result = combine(Reduction(in.mode), result, T(a[lane])); });
  assignLanes(warp.lanes<uint32_t>(in.operands[1]), mask,
              [=](unsigned) { return uint32_t(result); });
}

void decodeReduce(Decoding &d) {
  d.needOneOf({"sync"});
  auto reduction = Reduction(d.needOneOf({"add", "min", "max", "and", "or", "xor"}));
  bool isLogic = reduction >= Reduction::And;
  Type type = isLogic ? d.takeType({Type::B32}) : d.takeType({Type::U32, Type::S32});
  d.expectOperands(3);
  Slot a = d.use(1, type), lanes = d.use(2, Type::B32);
  d.emitCollective(type == Type::S32 ? reduce<int32_t> : reduce<uint32_t>,
                   {lanes, d.define(0, type), a})
      .instruction.mode = uint8_t(reduction);
}

/// Operands: lanes, result, predicate: the first lane, and who it is.
void elect(Warp &warp, const Instruction &in, LaneMask mask) {
  unsigned leader = firstLane(mask);
  assignLanes(warp.lanes<uint32_t>(in.operands[1]), mask, [=](unsigned) { return leader; });
  assignPredicate(warp.predicate(in.operands[2]), mask, LaneMask(1) << leader);
}

void decodeElect(Decoding &d) {
  d.needOneOf({"sync"});
  d.expectOperands(2);
  if (d.operand(0).kind != Kind::Pair)
    d.error("expected two results");
  Slot lanes = d.use(1, Type::B32);
  Slot leader = d.define(d.operand(0).elements[0], Type::B32);
  d.emitCollective(elect, {lanes, leader, d.define(d.operand(0).elements[1], Type::Pred)});
}

void readActiveMask(Warp &warp, const Instruction &in, LaneMask mask) {
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [=](unsigned) { return mask; });
}

void decodeActiveMask(Decoding &d) {
  d.takeType({Type::B32});
  d.expectOperands(1);
  d.emit(readActiveMask, {d.define(0, Type::B32)});
}

} // namespace

void emulator::addWarpOperations(DecoderTable &table) {
  table["shfl"] = decodeShuffle;
  table["vote"] = decodeVote;
  table["match"] = decodeMatch;
  table["redux"] = decodeReduce;
  table["elect"] = decodeElect;
  table["activemask"] = decodeActiveMask;
}
