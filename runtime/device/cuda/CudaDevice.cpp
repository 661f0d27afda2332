//===- CudaDevice.cpp - kernels on an NVIDIA GPU --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDevice.h"

#include "runtime/device/cuda/CudaFunction.h"
#include <cassert>
#include <filesystem>

using namespace qopt;

namespace {

class CudaBuffer : public DeviceBuffer {
public:
  CudaBuffer(const CudaContext &context, uint64_t size, const char *purpose)
      : memory(context, size, purpose) {}
  uint64_t address() const override { return memory.address(); }
  uint64_t size() const override { return memory.size(); }

private:
  CudaMemory memory;
};

class CudaReadback : public Readback {
public:
  CudaReadback(const CudaContext &context, uint64_t address, uint64_t bytes)
      : context(context), address(address), memory(context, bytes, "copies from the GPU"),
        copied(context) {}
  /// A copy that nobody waited for must not write into memory that is freed; its errors were for
  /// who waits.
  ~CudaReadback() override { context.driver().streamSynchronize(context.stream()); }
  void begin() override;
  std::span<const std::byte> wait() override;

private:
  const CudaContext &context;
  uint64_t address;
  PinnedMemory memory;
  CudaEvent copied;
};

class CudaDevice : public Device {
public:
  CudaDevice(const Artifact &artifact, const PlanTarget &plan, const CudaDeviceOptions &options);
  ~CudaDevice() override;

  const PlanTarget &target() const override { return plan; }
  std::string describe() const override;
  std::unique_ptr<DeviceBuffer> allocate(uint64_t bytes, const char *purpose) override;
  void write(DeviceBuffer &buffer, uint64_t offset, std::span<const std::byte> bytes) override;
  void copy(DeviceBuffer &buffer, uint64_t from, uint64_t to, uint64_t bytes) override;
  std::span<const std::byte> view(const DeviceBuffer &buffer, uint64_t offset,
                                  uint64_t bytes) override;
  std::unique_ptr<Readback> makeReadback(const DeviceBuffer &buffer, uint64_t offset,
                                         uint64_t bytes) override;
  std::unique_ptr<DeviceFunction> bind(const PlanFunction &function,
                                       const Bindings &bindings) override;

private:
  const PlanTarget &plan;
  CudaContext context;
  CudaModule module;
  Staging staging;
  PinnedMemory viewed; ///< What view() last copied.
  DeviceWeights weights;
};

} // namespace

void CudaReadback::begin() {
  const CudaDriver &cuda = context.driver();
  context.makeCurrent();
  cuda.check(
      cuda.memcpyDtoHAsync(memory.bytes().data(), address, memory.bytes().size(), context.stream()),
      "cannot copy {} bytes from the GPU", memory.bytes().size());
  copied.record();
}

std::span<const std::byte> CudaReadback::wait() {
  context.makeCurrent();
  copied.wait("a kernel, or the copy of its result from the GPU, failed");
  return memory.bytes();
}

CudaDevice::CudaDevice(const Artifact &artifact, const PlanTarget &plan,
                       const CudaDeviceOptions &options)
    : plan(plan), context(options.library), module(context, artifact, plan), staging(context),
      weights(context, artifact, plan, staging, options.threads, options.progress) {
  // A kernel that is missing should be found now, not in the middle of a run.
  for (const PlanFunction *function : plan.functions())
    for (const PlanLaunch &launch : function->launches)
      module.kernel(launch);
}

CudaDevice::~CudaDevice() {
  // Work that is still under way uses what is freed next. Its errors were for who waited for it.
  context.driver().streamSynchronize(context.stream());
}

std::string CudaDevice::describe() const {
  ComputeCapability capability = context.capability();
  return fmt::format("{} (compute capability {}.{}, CUDA {}), kernels for {}{}",
                     context.deviceName(), capability.major, capability.minor,
                     context.driver().version(), module.chip(), module.passedOver());
}

std::unique_ptr<DeviceBuffer> CudaDevice::allocate(uint64_t bytes, const char *purpose) {
  context.makeCurrent();
  auto buffer = std::make_unique<CudaBuffer>(context, bytes, purpose);
  if (bytes != 0)
    context.driver().check(
        context.driver().memsetD8Async(buffer->address(), 0, bytes, context.stream()),
        "cannot fill {} bytes for {}", bytes, purpose);
  return buffer;
}

void CudaDevice::write(DeviceBuffer &buffer, uint64_t offset, std::span<const std::byte> bytes) {
  assert(offset + bytes.size() <= buffer.size());
  context.makeCurrent();
  staging.write(buffer.address() + offset, bytes);
}

void CudaDevice::copy(DeviceBuffer &buffer, uint64_t from, uint64_t to, uint64_t bytes) {
  assert(from + bytes <= buffer.size() && to + bytes <= buffer.size());
  context.makeCurrent();
  context.driver().check(context.driver().memcpyDtoDAsync(buffer.address() + to,
                                                          buffer.address() + from, bytes,
                                                          context.stream()),
                         "cannot copy {} bytes within the GPU's memory", bytes);
}

std::span<const std::byte> CudaDevice::view(const DeviceBuffer &buffer, uint64_t offset,
                                            uint64_t bytes) {
  assert(offset + bytes <= buffer.size());
  context.makeCurrent();
  if (viewed.bytes().size() < bytes)
    viewed = PinnedMemory(context, bytes, "copies from the GPU");
  const CudaDriver &cuda = context.driver();
  cuda.check(cuda.memcpyDtoHAsync(viewed.bytes().data(), buffer.address() + offset, bytes,
                                  context.stream()),
             "cannot copy {} bytes from the GPU", bytes);
  context.wait("a kernel, or the copy of its result from the GPU, failed");
  return viewed.bytes().first(bytes);
}

std::unique_ptr<Readback> CudaDevice::makeReadback(const DeviceBuffer &buffer, uint64_t offset,
                                                   uint64_t bytes) {
  assert(offset + bytes <= buffer.size());
  context.makeCurrent();
  return std::make_unique<CudaReadback>(context, buffer.address() + offset, bytes);
}

std::unique_ptr<DeviceFunction> CudaDevice::bind(const PlanFunction &function,
                                                 const Bindings &bindings) {
  context.makeCurrent();
  return std::make_unique<CudaFunction>(context, module, weights, function, bindings);
}

std::string qopt::findCudaEmulator() {
  constexpr const char *name = "libqopt_cuda_emu.so";
  std::error_code error;
  std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  std::filesystem::path beside = folder / name, inLib = folder.parent_path() / "lib" / name;
  for (const std::filesystem::path &path : {beside, inLib})
    if (std::filesystem::exists(path, error))
      return path.string();
  fail("no emulator: there is neither {} nor {}", beside.string(), inLib.string());
}

std::unique_ptr<Device> qopt::openCudaDevice(const Artifact &artifact,
                                             const CudaDeviceOptions &options) {
  const std::optional<PlanTarget> &target = artifact.plan().ptx;
  if (!target)
    fail("{}: compiled without PTX kernels; compile it again for the target 'ptx'",
         artifact.directory());
  return std::make_unique<CudaDevice>(artifact, *target, options);
}
