//===- MappedFile.cpp - a file in memory, read only -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/MappedFile.h"

#include "runtime/formats/Error.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace qopt;

/// Maps the open regular file `descriptor`.
static std::span<const std::byte> mapWhole(int descriptor, const std::string &path) {
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    fail("cannot read '{}': {}", path, strerror(errno));
  if (S_ISDIR(status.st_mode))
    fail("cannot read '{}': it is a directory, expected a file", path);
  if (!S_ISREG(status.st_mode))
    fail("cannot read '{}': it is a pipe or device, expected a regular file", path);
  if (status.st_size == 0)
    return {};
  void *address = mmap(nullptr, status.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED)
    fail("cannot map the {} bytes of '{}': {}", status.st_size, path, strerror(errno));
  return {static_cast<const std::byte *>(address), size_t(status.st_size)};
}

MappedFile::MappedFile(std::string path) : filePath(std::move(path)) {
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  int descriptor = open(filePath.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    fail("cannot open '{}': {}", filePath, strerror(errno));
  try {
    mapping = mapWhole(descriptor, filePath);
  } catch (...) {
    close(descriptor);
    throw;
  }
  close(descriptor);
}

MappedFile::~MappedFile() {
  if (!mapping.empty())
    munmap(const_cast<std::byte *>(mapping.data()), mapping.size());
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : filePath(std::move(other.filePath)), mapping(std::exchange(other.mapping, {})) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(filePath, other.filePath);
  std::swap(mapping, other.mapping);
  return *this;
}

static int systemAdvice(MappedFile::Advice advice) {
  switch (advice) {
  case MappedFile::Advice::Normal:
    return MADV_NORMAL;
  case MappedFile::Advice::Sequential:
    return MADV_SEQUENTIAL;
  case MappedFile::Advice::Random:
    return MADV_RANDOM;
  case MappedFile::Advice::WillNeed:
    return MADV_WILLNEED;
  case MappedFile::Advice::Populate:
    return MADV_POPULATE_READ;
  case MappedFile::Advice::DontNeed:
    return MADV_DONTNEED;
  }
  __builtin_unreachable();
}

void MappedFile::advise(std::span<const std::byte> range, Advice advice) const {
  if (range.empty())
    return;
  // The system takes whole pages. Dropping a neighbour's bytes with DontNeed only costs a page
  // fault.
  size_t begin = size_t(range.data() - mapping.data());
  size_t pageBegin = begin & ~size_t(sysconf(_SC_PAGESIZE) - 1);
  auto *address = const_cast<std::byte *>(mapping.data() + pageBegin);
  madvise(address, begin + range.size() - pageBegin, systemAdvice(advice));
}
