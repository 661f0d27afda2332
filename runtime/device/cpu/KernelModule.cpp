//===- KernelModule.cpp - a shared object of kernels ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/KernelModule.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/formats/Quote.h"
#include <cstring>
#include <dlfcn.h>
#include <elf.h>

using namespace qopt;

/// Whether `count` entries of `size` bytes from `offset` on lie within a file of `total` bytes.
static bool isInside(uint64_t offset, uint64_t count, uint64_t size, uint64_t total) {
  uint64_t bytes, end;
  return !__builtin_mul_overflow(count, size, &bytes) &&
         !__builtin_add_overflow(offset, bytes, &end) && end <= total;
}

/// dlopen maps what the headers say; touching a part that the file lacks would end the process.
static void checkElf(const MappedFile &file) {
  std::span<const std::byte> bytes = file.bytes();
  Elf64_Ehdr header;
  if (bytes.size() < sizeof(header))
    fail("{}: truncated: {} bytes are no shared object", file.path(), bytes.size());
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN)
    fail("{}: not a 64-bit ELF shared object", file.path());
  if (!isInside(header.e_phoff, header.e_phnum, sizeof(Elf64_Phdr), bytes.size()) ||
      !isInside(header.e_shoff, header.e_shnum, sizeof(Elf64_Shdr), bytes.size()))
    fail("{}: truncated: its tables lie beyond its {} bytes", file.path(), bytes.size());
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (!isInside(segment.p_offset, segment.p_filesz, 1, bytes.size()))
      fail("{}: truncated: a segment ends at byte {} of {}", file.path(),
           segment.p_offset + segment.p_filesz, bytes.size());
  }
}

KernelModule::KernelModule(std::string modulePath) : path(std::move(modulePath)) {
  checkElf(MappedFile(path));
  // dlopen searches the system's folders for a name without a slash.
  std::string name = path.find('/') == path.npos ? "./" + path : path;
  handle.reset(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle)
    fail("{}: cannot be loaded: {}", path, dlerror());
}

void KernelModule::Closer::operator()(void *handle) const { dlclose(handle); }

CpuKernel KernelModule::kernel(const std::string &name) const {
  void *symbol = dlsym(handle.get(), name.c_str());
  if (!symbol)
    fail("{}: has no kernel {}, which plan.json launches", path, quote(name));
  return reinterpret_cast<CpuKernel>(symbol);
}
