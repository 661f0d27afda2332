//===- PageAllocator.cpp - pages of a cache, counted ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/PageAllocator.h"

using namespace qopt;

int32_t PageAllocator::allocate() {
  if (free.empty()) {
    references.push_back(1);
    return int32_t(references.size() - 1);
  }
  int32_t page = free.back();
  free.pop_back();
  references[size_t(page)] = 1;
  return page;
}

void PageAllocator::retain(int32_t page) { ++references[size_t(page)]; }

void PageAllocator::release(int32_t page) {
  if (--references[size_t(page)] == 0)
    free.push_back(page);
}
