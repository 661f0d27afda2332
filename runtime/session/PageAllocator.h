//===- PageAllocator.h - pages of a cache, counted --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_PAGEALLOCATOR_H
#define QOPT_RUNTIME_SESSION_PAGEALLOCATOR_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qopt {

/// Hands out page numbers from 0 on, the most recently freed first, and counts who refers to each.
class PageAllocator {
public:
  /// A page with one reference.
  int32_t allocate();
  void retain(int32_t page);
  void release(int32_t page);

  bool isShared(int32_t page) const { return references[size_t(page)] > 1; }
  int64_t used() const { return int64_t(references.size() - free.size()); }

private:
  std::vector<int32_t> references; ///< Of each page that was ever handed out.
  std::vector<int32_t> free;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_PAGEALLOCATOR_H
