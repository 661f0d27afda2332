//===- MemoryAccess.h - from addresses to bytes of the host -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_MEMORYACCESS_H
#define QOPT_RUNTIME_EMULATOR_EXEC_MEMORYACCESS_H

#include "runtime/emulator/exec/SharedMemory.h"
#include "runtime/emulator/exec/Warp.h"

namespace qopt::emulator {

enum class AccessKind : uint8_t { Load, Store, Atomic };

using Pointers = std::array<std::byte *, kWarpSize>;

/// The addresses of a memory instruction: its base in operands[base], plus `immediate`.
Addresses readAddresses(Warp &warp, const Instruction &in, unsigned base);

/// Where the lanes of an access find their bytes.
struct ResolvedAccess {
  Pointers pointers;
  LaneMask sharedLanes = 0; ///< lanes whose address is in shared memory, at `offsets`
  Addresses offsets;
};

/// Checks an access of in.size bytes a lane in the state space in.space, and counts it. Throws a
/// Fault if a lane of `mask` may not do it; other lanes get no pointers. Whether stores and atomic
/// operations in shared memory are in order, SharedMemory says when they are done.
void resolve(Warp &warp, const Instruction &in, LaneMask mask, AccessKind kind,
             const Addresses &addresses, ResolvedAccess &access);

/// Before griddepcontrol.wait, lanes of a kernel that overlaps those before it may only read what
/// no kernel has written yet (weights): all else faults.
void checkOverlap(Warp &warp, unsigned lane, AccessKind kind, uint64_t address,
                  const Allocation &allocation);

/// Pointers for reading `bytes[lane]` bytes of global memory in lanes that have any; for cp.async.
void resolveGlobalReads(Warp &warp, const Instruction &in, LaneMask mask,
                        const Addresses &addresses, const std::array<uint8_t, kWarpSize> &bytes,
                        std::array<const std::byte *, kWarpSize> &pointers);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_MEMORYACCESS_H
