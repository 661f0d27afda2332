//===- Atomics.cpp - atom and red -----------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/MemoryAccess.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Element.h"
#include "runtime/emulator/instructions/MemoryDecoding.h"
#include <atomic>

using namespace qopt;
using namespace qopt::emulator;

namespace {

struct Exchange {
  template <typename T> static T apply(T, T b, T) { return b; }
};
/// b is what to compare with, c the new value.
struct CompareAndSwap {
  template <typename T> static T apply(T old, T b, T c) { return old == b ? c : old; }
};
struct And {
  template <typename T> static T apply(T old, T b, T) { return old & b; }
};
struct Or {
  template <typename T> static T apply(T old, T b, T) { return old | b; }
};
struct Xor {
  template <typename T> static T apply(T old, T b, T) { return old ^ b; }
};
struct Increment {
  template <typename T> static T apply(T old, T b, T) { return old >= b ? 0 : old + 1; }
};
struct Decrement {
  template <typename T> static T apply(T old, T b, T) { return old == 0 || old > b ? b : old - 1; }
};
struct AddIntegers {
  template <typename T> static T apply(T old, T b, T) { return old + b; }
};
/// Values of T, which memory holds as bits.
template <typename T> struct Min {
  template <typename Bits> static Bits apply(Bits old, Bits b, Bits) {
    return T(b) < T(old) ? b : old;
  }
};
template <typename T> struct Max {
  template <typename Bits> static Bits apply(Bits old, Bits b, Bits) {
    return T(b) > T(old) ? b : old;
  }
};
struct Sum {
  template <typename T> static T apply(T a, T b) { return a + b; }
};
template <typename T> struct AddFloats {
  template <typename Bits> static Bits apply(Bits old, Bits b, Bits) {
    using Storage = typename Element<T>::Storage;
    return Bits(Apply<T>::template run<Sum>(Storage(old), Storage(b)));
  }
};

/// Operands: the result, the address, b, c. Lanes take turns, in order.
template <typename Bits, typename Operation>
void update(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = std::conditional_t<sizeof(Bits) == 8, uint64_t, uint32_t>;
  Addresses addresses = readAddresses(warp, in, 1);
  ResolvedAccess access;
  resolve(warp, in, mask, AccessKind::Atomic, addresses, access);
  Storage *results = warp.lanes<Storage>(in.operands[0]);
  const Storage *b = warp.lanes<Storage>(in.operands[2]), *c = warp.lanes<Storage>(in.operands[3]);
  forEachLane(mask, [&](unsigned lane) {
    if (isActive(access.sharedLanes, lane))
      warp.block.shared.checkAtomic(warp.index, access.offsets[lane], lane, in.size);
    // Blocks on other cores may be at the same address.
    std::atomic_ref<Bits> memory(*reinterpret_cast<Bits *>(access.pointers[lane]));
    Bits old = memory.load();
    while (!memory.compare_exchange_weak(
        old, Bits(Operation::apply(old, Bits(b[lane]), Bits(c[lane]))))) {
    }
    results[lane] = old;
  });
}

template <typename Operation> Handler pickByWidth(Type type) {
  switch (bitWidth(type)) {
  case 16:
    return update<uint16_t, Operation>;
  case 32:
    return update<uint32_t, Operation>;
  default:
    return update<uint64_t, Operation>;
  }
}

Handler pickAdd(Type type) {
  switch (type) {
  case Type::F16:
    return update<uint16_t, AddFloats<F16>>;
  case Type::BF16:
    return update<uint16_t, AddFloats<BF16>>;
  case Type::F16x2:
    return update<uint32_t, AddFloats<Packed<F16>>>;
  case Type::BF16x2:
    return update<uint32_t, AddFloats<Packed<BF16>>>;
  case Type::F32:
    return update<uint32_t, AddFloats<float>>;
  case Type::F64:
    return update<uint64_t, AddFloats<double>>;
  default:
    return pickByWidth<AddIntegers>(type);
  }
}

template <template <typename> class Operation> Handler pickOrdered(Type type) {
  switch (type) {
  case Type::S32:
    return update<uint32_t, Operation<int32_t>>;
  case Type::U64:
    return update<uint64_t, Operation<uint64_t>>;
  case Type::S64:
    return update<uint64_t, Operation<int64_t>>;
  default:
    return update<uint32_t, Operation<uint32_t>>;
  }
}

Handler takeOperation(Decoding &d, Type &type, bool &isSwap) {
  int operation =
      d.needOneOf({"exch", "cas", "and", "or", "xor", "inc", "dec", "add", "min", "max"});
  isSwap = operation == 1;
  switch (operation) {
  case 0:
    type = d.takeType({Type::B32, Type::B64});
    return pickByWidth<Exchange>(type);
  case 1:
    type = d.takeType({Type::B16, Type::B32, Type::B64});
    return pickByWidth<CompareAndSwap>(type);
  case 2:
    type = d.takeType({Type::B32, Type::B64});
    return pickByWidth<And>(type);
  case 3:
    type = d.takeType({Type::B32, Type::B64});
    return pickByWidth<Or>(type);
  case 4:
    type = d.takeType({Type::B32, Type::B64});
    return pickByWidth<Xor>(type);
  case 5:
    type = d.takeType({Type::U32});
    return pickByWidth<Increment>(type);
  case 6:
    type = d.takeType({Type::U32});
    return pickByWidth<Decrement>(type);
  case 7:
    type = d.takeType({Type::U32, Type::S32, Type::U64, Type::S64, Type::F16, Type::BF16,
                       Type::F16x2, Type::BF16x2, Type::F32, Type::F64});
    return pickAdd(type);
  case 8:
    type = d.takeType({Type::U32, Type::S32, Type::U64, Type::S64});
    return pickOrdered<Min>(type);
  default:
    type = d.takeType({Type::U32, Type::S32, Type::U64, Type::S64});
    return pickOrdered<Max>(type);
  }
}

void decodeUpdate(Decoding &d, bool hasResult) {
  d.takeOneOf({"relaxed", "acquire", "release", "acq_rel"});
  d.takeOneOf({"cta", "gpu", "sys"});
  d.take("noftz");
  ptx::Space space = takeMemorySpace(d);
  bool isSwap;
  Type type;
  Handler handler = takeOperation(d, type, isSwap);
  size_t first = hasResult ? 1 : 0; // of the operands after the result
  d.expectOperands(first + (isSwap ? 3 : 2));
  Decoding::Address address = d.address(first);
  Slot b = d.use(first + 1, type), c = isSwap ? d.use(first + 2, type) : b;
  Slot result = hasResult ? d.define(0, type) : d.symbols.sink(bitWidth(type));
  Operation &operation = d.emit(handler, {result, address.base, b, c});
  setAddress(d, operation, address, space, bitWidth(type) / 8);
}

void decodeAtom(Decoding &d) { decodeUpdate(d, true); }
void decodeRed(Decoding &d) { decodeUpdate(d, false); }

} // namespace

void emulator::addAtomics(DecoderTable &table) {
  table["atom"] = decodeAtom;
  table["red"] = decodeRed;
}
