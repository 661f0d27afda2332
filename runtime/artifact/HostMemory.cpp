//===- HostMemory.cpp - zeroed pages that cost when touched ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/HostMemory.h"

#include "runtime/formats/Error.h"
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

using namespace qopt;

HostMemory::HostMemory(uint64_t size, const char *purpose, PageSize pages) {
  if (size == 0)
    return;
  void *address = size > PTRDIFF_MAX ? MAP_FAILED
                                     : mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED)
    fail("cannot reserve {} bytes for {}: {}", size, purpose,
         size > PTRDIFF_MAX ? "beyond the address space" : std::strerror(errno));
  if (pages == PageSize::Huge)
    madvise(address, size, MADV_HUGEPAGE);
  mapping = {static_cast<std::byte *>(address), size};
}

HostMemory::~HostMemory() {
  if (!mapping.empty())
    munmap(mapping.data(), mapping.size());
}

HostMemory::HostMemory(HostMemory &&other) noexcept : mapping(std::exchange(other.mapping, {})) {}

HostMemory &HostMemory::operator=(HostMemory &&other) noexcept {
  std::swap(mapping, other.mapping);
  return *this;
}
