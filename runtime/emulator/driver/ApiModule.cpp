//===- ApiModule.cpp - modules and functions ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"
#include <charconv>
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// The log buffers among the options of cuModuleLoadDataEx.
struct Logs {
  char *error = nullptr;
  size_t errorBytes = 0;

  Logs(unsigned count, const CUjit_option *options, void **values) {
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
        error = static_cast<char *>(values[i]);
      // Sizes come in place of pointers.
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
        errorBytes = reinterpret_cast<uintptr_t>(values[i]);
      if (options[i] == CU_JIT_INFO_LOG_BUFFER && values[i])
        *static_cast<char *>(values[i]) = '\0';
    }
    write("");
  }
  void write(const char *message) const {
    if (!error || errorBytes == 0)
      return;
    strncpy(error, message, errorBytes);
    error[errorBytes - 1] = '\0';
  }
};

} // namespace

/// Cubins and fat binaries are for real hardware.
static void checkIsText(const char *image) {
  if (memcmp(image,
             "\x7f"
             "ELF",
             4) == 0 ||
      memcmp(image, "\x50\xed\x55\xba", 4) == 0)
    apiFail(CUDA_ERROR_NO_BINARY_FOR_GPU, "the emulator runs PTX, not machine code");
}

/// `sm_90` runs on 9.0 and later, `sm_90a` on 9.0 only.
static void checkTarget(const Driver &driver, std::string_view target) {
  int number = 0, device = driver.capabilityMajor * 10 + driver.capabilityMinor;
  const char *end = target.data() + target.size();
  auto [rest, code] =
      std::from_chars(target.data() + std::min<size_t>(3, target.size()), end, number);
  bool isSpecific = rest != end;
  if (code != std::errc() || number > device || (isSpecific && number != device))
    apiFail(CUDA_ERROR_INVALID_PTX, "PTX for {} does not run on a device of capability {}.{}",
            target, driver.capabilityMajor, driver.capabilityMinor);
}

QOPT_CUDA_API cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned numOptions,
                                 CUjit_option *options, void **optionValues) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!module || !image)
      apiFail(CUDA_ERROR_INVALID_VALUE, "no image");
    driver.refuseDuringCapture();
    Logs logs(numOptions, options, optionValues);
    try {
      auto text = static_cast<const char *>(image);
      checkIsText(text);
      auto loaded = std::make_unique<CUmod_st>(text, driver.memory);
      checkTarget(driver, loaded->module.syntax().target);
      *module = driver.modules.add(std::move(loaded));
    } catch (const ApiError &error) {
      logs.write(error.what());
      throw;
    } catch (const Error &error) {
      logs.write(error.what());
      bool isTooNew =
          std::string_view(error.what()).find("is newer than") != std::string_view::npos;
      throw ApiError(isTooNew ? CUDA_ERROR_UNSUPPORTED_PTX_VERSION : CUDA_ERROR_INVALID_PTX,
                     error.what());
    }
  });
}

QOPT_CUDA_API cuModuleLoadData(CUmodule *module, const void *image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

QOPT_CUDA_API cuModuleUnload(CUmodule module) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] {
    for (const auto &[name, function] : driver.modules.get(module).functions)
      driver.functions.erase(function.get());
    driver.modules.remove(module);
  });
}

QOPT_CUDA_API cuModuleGetFunction(CUfunction *function, CUmodule handle, const char *name) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!function || !name)
      apiFail(CUDA_ERROR_INVALID_VALUE, "no name");
    CUmod_st &module = driver.modules.get(handle);
    std::shared_ptr<const Program> program = module.module.findKernel(name);
    if (!program)
      apiFail(CUDA_ERROR_NOT_FOUND, "the module has no kernel '{}'", name);
    std::unique_ptr<CUfunc_st> &entry = module.functions[name];
    if (!entry)
      entry = std::make_unique<CUfunc_st>(CUfunc_st{program});
    driver.functions.insert(entry.get());
    *function = entry.get();
  });
}

QOPT_CUDA_API cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule handle,
                                   const char *name) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!name)
      apiFail(CUDA_ERROR_INVALID_VALUE, "no name");
    Allocation variable = driver.modules.get(handle).module.findVariable(name);
    if (!variable.host)
      apiFail(CUDA_ERROR_NOT_FOUND, "the module has no variable '{}'", name);
    if (address)
      *address = variable.begin;
    if (bytes)
      *bytes = variable.end - variable.begin;
  });
}

static CUfunc_st &getFunction(Driver &driver, CUfunction handle) {
  if (!driver.functions.contains(handle))
    apiFail(CUDA_ERROR_INVALID_HANDLE, "no such function");
  return *handle;
}

static int maxThreads(const ptx::Function &kernel) {
  for (const auto &threads : {kernel.requiredThreads, kernel.maxThreads})
    if (threads[0] != 0)
      return int(std::min<uint64_t>(1024, uint64_t(threads[0]) * threads[1] * threads[2]));
  return 1024;
}

QOPT_CUDA_API cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction handle) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!value)
      apiFail(CUDA_ERROR_INVALID_VALUE, "nowhere to put the result");
    const CUfunc_st &function = getFunction(driver, handle);
    const Program &program = *function.program;
    const ptx::Module &module = *program.module;
    switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = maxThreads(*program.kernel);
      break;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
      *value = int(program.staticShared);
      break;
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
      *value = int(program.localBytes);
      break;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      // There is no register allocator; no thread can have more.
      *value = int(std::min(program.registerCount, 255u));
      break;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
      *value = int(module.versionMajor * 10 + module.versionMinor);
      break;
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
      *value = driver.capabilityMajor * 10 + driver.capabilityMinor;
      break;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      *value = int(function.maxDynamicShared);
      break;
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
      *value = 0;
      break;
    default:
      apiFail(CUDA_ERROR_INVALID_VALUE, "function attribute {} is not known", int(attribute));
    }
  });
}

QOPT_CUDA_API cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute, int value) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    CUfunc_st &function = getFunction(driver, handle);
    if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
      return;
    if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
      apiFail(CUDA_ERROR_INVALID_VALUE, "function attribute {} cannot be set", int(attribute));
    int most = kMaxSharedOptIn - int(function.program->dynamicShared);
    if (value < 0 || value > most)
      apiFail(CUDA_ERROR_INVALID_VALUE,
              "{} bytes of dynamic shared memory, of which a block can have {}", value, most);
    function.maxDynamicShared = uint32_t(value);
  });
}

QOPT_CUDA_API cuFuncSetCacheConfig(CUfunction handle, int) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] { getFunction(driver, handle); });
}
