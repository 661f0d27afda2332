//===- MemoryDecoding.h - what instructions with addresses share -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_MEMORYDECODING_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_MEMORYDECODING_H

#include "runtime/emulator/instructions/Decoding.h"

namespace qopt::emulator {

/// Takes the state space; Generic if there is none.
ptx::Space takeMemorySpace(Decoding &d);

/// Sets the fields of an operation that accesses `size` bytes a lane. A variable as address must be
/// in `space`.
void setAddress(Decoding &d, Operation &operation, const Decoding::Address &address,
                ptx::Space space, unsigned size);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_MEMORYDECODING_H
