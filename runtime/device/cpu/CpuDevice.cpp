//===- CpuDevice.cpp - kernels on the cores of this machine ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuDevice.h"

#include "runtime/artifact/HostMemory.h"
#include "runtime/device/cpu/CpuFeatures.h"
#include "runtime/device/cpu/CpuFunction.h"
#include "runtime/device/cpu/CpuTopology.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <cassert>
#include <cstring>
#include <fstream>

using namespace qopt;

namespace {

class CpuBuffer : public DeviceBuffer {
public:
  CpuBuffer(uint64_t size, const char *purpose) : memory(size, purpose) {}
  uint64_t address() const override { return reinterpret_cast<uint64_t>(memory.bytes().data()); }
  uint64_t size() const override { return memory.bytes().size(); }
  std::span<std::byte> bytes() const { return memory.bytes(); }

private:
  HostMemory memory;
};

class CpuReadback : public Readback {
public:
  explicit CpuReadback(std::span<const std::byte> range) : range(range) {}
  void begin() override { copy.assign(range.begin(), range.end()); }
  std::span<const std::byte> wait() override { return copy; }

private:
  std::span<const std::byte> range;
  std::vector<std::byte> copy;
};

class CpuDevice : public Device {
public:
  CpuDevice(const Artifact &artifact, const PlanTarget &plan, const PlanModule &module,
            unsigned threads);

  const PlanTarget &target() const override { return plan; }
  std::string describe() const override;
  std::optional<uint64_t> freeMemory() const override;
  std::unique_ptr<DeviceBuffer> allocate(uint64_t bytes, const char *purpose) override {
    return std::make_unique<CpuBuffer>(bytes, purpose);
  }
  void write(DeviceBuffer &buffer, uint64_t offset, std::span<const std::byte> bytes) override;
  void copy(DeviceBuffer &buffer, uint64_t from, uint64_t to, uint64_t bytes) override;
  std::span<const std::byte> view(const DeviceBuffer &buffer, uint64_t offset,
                                  uint64_t bytes) override;
  std::unique_ptr<Readback> makeReadback(const DeviceBuffer &buffer, uint64_t offset,
                                         uint64_t bytes) override {
    return std::make_unique<CpuReadback>(view(buffer, offset, bytes));
  }
  std::unique_ptr<DeviceFunction> bind(const PlanFunction &function,
                                       const Bindings &bindings) override;

private:
  const Artifact &artifact;
  const PlanTarget &plan;
  std::string level;
  KernelModule module;
  HostMemory scratchMemory;
  std::vector<void *> scratch; ///< One for each worker.
  ThreadPool pool;
};

} // namespace

static uint64_t scratchBytes(const PlanTarget &target) {
  int64_t most = 0;
  for (const PlanFunction *function : target.functions())
    for (const PlanLaunch &launch : function->launches)
      most = std::max(most, launch.scratch);
  return uint64_t(most);
}

CpuDevice::CpuDevice(const Artifact &artifact, const PlanTarget &plan, const PlanModule &module,
                     unsigned threads)
    : artifact(artifact), plan(plan), level(module.level), module(artifact.filePath(module.file)),
      pool(threads) {
  // Workers' scratch lies on pages of its own, so that none shares a cache line.
  constexpr uint64_t page = 4096;
  uint64_t stride = (scratchBytes(plan) + page - 1) / page * page;
  scratchMemory = HostMemory(stride * threads, "kernel scratch");
  for (unsigned worker = 0; worker < threads; ++worker)
    scratch.push_back(stride == 0 ? nullptr : scratchMemory.bytes().data() + stride * worker);
  // A kernel that is missing should be found now, not in the middle of a run.
  for (const PlanFunction *function : plan.functions())
    for (const PlanLaunch &launch : function->launches)
      if (!launch.observation)
        this->module.kernel(launch.kernel);
}

std::optional<uint64_t> CpuDevice::freeMemory() const {
  std::ifstream info("/proc/meminfo");
  for (std::string word; info >> word;)
    if (uint64_t kilobytes; word == "MemAvailable:" && info >> kilobytes)
      return kilobytes * 1024;
  return std::nullopt;
}

std::string CpuDevice::describe() const {
  return fmt::format("CPU, {} kernels, {} thread{}", level, pool.size(),
                     pool.size() == 1 ? "" : "s");
}

void CpuDevice::write(DeviceBuffer &buffer, uint64_t offset, std::span<const std::byte> bytes) {
  assert(offset + bytes.size() <= buffer.size());
  if (!bytes.empty())
    std::memcpy(static_cast<CpuBuffer &>(buffer).bytes().data() + offset, bytes.data(),
                bytes.size());
}

void CpuDevice::copy(DeviceBuffer &buffer, uint64_t from, uint64_t to, uint64_t bytes) {
  assert(from + bytes <= buffer.size() && to + bytes <= buffer.size());
  std::byte *data = static_cast<CpuBuffer &>(buffer).bytes().data();
  std::memcpy(data + to, data + from, bytes);
}

std::span<const std::byte> CpuDevice::view(const DeviceBuffer &buffer, uint64_t offset,
                                           uint64_t bytes) {
  return static_cast<const CpuBuffer &>(buffer).bytes().subspan(offset, bytes);
}

std::unique_ptr<DeviceFunction> CpuDevice::bind(const PlanFunction &function,
                                                const Bindings &bindings) {
  return std::make_unique<CpuFunction>(artifact, function, bindings, module, pool, scratch);
}

/// The first required feature that this machine lacks, if any.
static const std::string *findMissing(const PlanModule &module) {
  for (const std::string &feature : module.required)
    if (cpuFeature(feature) != FeatureState::Present)
      return &feature;
  return nullptr;
}

static const PlanModule &chooseModule(const Artifact &artifact, const PlanTarget &target,
                                      const std::string &level) {
  std::string reasons;
  for (const PlanModule &module : target.modules) {
    if (!level.empty() && module.level != level) {
      reasons += fmt::format("; there are kernels for {}", quote(module.level));
      continue;
    }
    const std::string *missing = findMissing(module);
    if (!missing)
      return module;
    reasons += fmt::format("; {} needs {}, which this {}", quote(module.level), quote(*missing),
                           cpuFeature(*missing) == FeatureState::Unknown ? "qrun does not know"
                                                                         : "CPU does not have");
  }
  if (level.empty())
    fail("{}: no kernels for this CPU{}", artifact.directory(), reasons);
  fail("{}: no kernels for CPU level {} that this CPU can run{}", artifact.directory(),
       quote(level), reasons);
}

std::unique_ptr<Device> qopt::openCpuDevice(const Artifact &artifact,
                                            const CpuDeviceOptions &options) {
  const std::optional<PlanTarget> &target = artifact.plan().cpu;
  if (!target)
    fail("{}: compiled without CPU kernels; compile it again for the target 'cpu'",
         artifact.directory());
  const PlanModule &module = chooseModule(artifact, *target, options.level);
  unsigned threads = options.threads ? options.threads : availableCores();
  return std::make_unique<CpuDevice>(artifact, *target, module, threads);
}
