//===- CompiledKernels.h - kernels from text to a call -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_LOWERING_COMPILEDKERNELS_H
#define QOPT_TEST_UNIT_LOWERING_COMPILEDKERNELS_H

#include "lowering/cpu/CpuLevel.h"
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace qopt::test {

/// Whether this machine runs code of a level.
bool machineHas(cpu::CpuLevel level);

/// The kernels of a module in text, configured, emitted, compiled and loaded.
class CompiledKernels {
public:
  /// Ops must have `kernel` names. Throws std::runtime_error with the diagnostics.
  CompiledKernels(const std::string &text, cpu::CpuLevel level);
  ~CompiledKernels();
  CompiledKernels(const CompiledKernels &) = delete;

  /// Arguments of a call: pointers and integers in ABI order.
  using Arguments = std::vector<uint64_t>;

  /// Runs all items of a kernel for T rows and B sequences, `chunk` items a call, in reverse order
  /// where `reversed`.
  void run(const std::string &kernel, const Arguments &arguments, int64_t rows,
           int64_t sequences = 1, int64_t chunk = 1 << 30, bool reversed = false);

  /// The parts of `run`, for callers with threads of their own.
  using Function = void (*)(const uint64_t *, int64_t, int64_t, void *);
  struct Kernel {
    Function function;
    std::function<int64_t(int64_t rows, int64_t sequences)> items;
    int64_t scratchBytes;
  };
  const Kernel &kernel(const std::string &name) const { return kernels.at(name); }

  size_t objectBytes() const { return bytes; }

private:
  std::map<std::string, Kernel> kernels;
  void *library = nullptr;
  size_t bytes = 0;
};

/// 64-byte aligned memory.
template <typename T> class Buffer {
public:
  explicit Buffer(size_t count, T value = T()) : count(count) {
    void *memory = ::operator new(count * sizeof(T) + kSlack, std::align_val_t(64));
    elements.reset(static_cast<T *>(memory));
    std::fill_n(elements.get(), count, value);
  }
  T *data() { return elements.get(); }
  const T *data() const { return elements.get(); }
  size_t size() const { return count; }
  T &operator[](size_t i) { return elements.get()[i]; }
  const T &operator[](size_t i) const { return elements.get()[i]; }
  uint64_t address() const { return reinterpret_cast<uint64_t>(elements.get()); }
  bool operator==(const Buffer &other) const {
    return count == other.count && std::memcmp(data(), other.data(), count * sizeof(T)) == 0;
  }

private:
  static constexpr size_t kSlack = 64;
  struct Delete {
    void operator()(T *memory) const { ::operator delete(memory, std::align_val_t(64)); }
  };
  std::unique_ptr<T, Delete> elements;
  size_t count;
};

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_LOWERING_COMPILEDKERNELS_H
