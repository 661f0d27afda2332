//===- HostMemory.h - zeroed pages that cost when touched -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_HOSTMEMORY_H
#define QOPT_RUNTIME_ARTIFACT_HOSTMEMORY_H

#include <cstddef>
#include <cstdint>
#include <span>

namespace qopt {

enum class PageSize : uint8_t {
  Small, ///< Only pages that are touched cost memory.
  Huge,  ///< 2 MiB where the system has them: for what is touched throughout.
};

/// Zeroed anonymous memory that starts on a page.
class HostMemory {
public:
  HostMemory() = default;
  /// Throws an Error naming the number of bytes and `purpose` if the system refuses.
  HostMemory(uint64_t size, const char *purpose, PageSize pages = PageSize::Small);
  ~HostMemory();
  HostMemory(HostMemory &&other) noexcept;
  HostMemory &operator=(HostMemory &&other) noexcept;

  std::span<std::byte> bytes() const { return mapping; }

private:
  std::span<std::byte> mapping;
};

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_HOSTMEMORY_H
