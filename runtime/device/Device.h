//===- Device.h - what a session needs of a machine -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_DEVICE_H
#define QOPT_RUNTIME_DEVICE_DEVICE_H

#include "runtime/artifact/Plan.h"
#include "runtime/device/ActivationObserver.h"
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace qopt {

/// Memory of a device: zeroed when allocated, starts on at least 64 bytes.
class DeviceBuffer {
public:
  virtual ~DeviceBuffer() = default;
  /// A pointer as kernels take it.
  virtual uint64_t address() const = 0;
  virtual uint64_t size() const = 0;
};

/// A copy of a range of a buffer on its way to the host, waited for apart from later work.
class Readback {
public:
  virtual ~Readback() = default;
  /// Begins the copy, after all that the device was given so far.
  virtual void begin() = 0;
  /// The bytes as they were then; valid until the next begin().
  virtual std::span<const std::byte> wait() = 0;
};

/// A function of the plan whose arguments are bound to addresses, so that running it only depends
/// on the shape of the step (a GPU records it once and replays it).
class DeviceFunction {
public:
  virtual ~DeviceFunction() = default;
  virtual void run(const StepShape &shape) = 0;
};

/// The addresses that a function's arguments refer to.
struct Bindings {
  struct CachePools {
    uint64_t key;
    uint64_t value;
    uint64_t keyWindow = 0; ///< 0 where there is none.
    uint64_t valueWindow = 0;
  };
  std::vector<uint64_t> slots;
  std::vector<CachePools> caches;
  std::array<uint64_t, numStepInputs> inputs{}; ///< By StepInput; 0 where not given.
  int64_t maxPages = 0;
  ActivationObserver *observer = nullptr; ///< For observations; without one they do nothing.
};

/// A machine that runs an artifact: it has the kernels and the weights. Calls are made by one
/// thread at a time and take effect in their order.
class Device {
public:
  virtual ~Device() = default;

  /// The plan for this kind of device.
  virtual const PlanTarget &target() const = 0;
  /// In one line: "CPU, kernels for avx512, 2 threads".
  virtual std::string describe() const = 0;

  /// Bytes that can still be used, where that is known.
  virtual std::optional<uint64_t> freeMemory() const { return std::nullopt; }
  /// On CPUs only touched pages cost memory. Throws an Error naming the size and `purpose`.
  virtual std::unique_ptr<DeviceBuffer> allocate(uint64_t bytes, const char *purpose) = 0;
  virtual void write(DeviceBuffer &buffer, uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// Copies within a buffer; the ranges do not overlap.
  virtual void copy(DeviceBuffer &buffer, uint64_t from, uint64_t to, uint64_t bytes) = 0;
  /// The contents of a range, valid until the device next writes, copies, views or runs.
  virtual std::span<const std::byte> view(const DeviceBuffer &buffer, uint64_t offset,
                                          uint64_t bytes) = 0;

  /// For copies of a range of `buffer`, which must outlive the result, again and again.
  virtual std::unique_ptr<Readback> makeReadback(const DeviceBuffer &buffer, uint64_t offset,
                                                 uint64_t bytes) = 0;

  /// `function` is one of the target's, or made of launches of theirs; it must outlive the result.
  virtual std::unique_ptr<DeviceFunction> bind(const PlanFunction &function,
                                               const Bindings &bindings) = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_DEVICE_H
