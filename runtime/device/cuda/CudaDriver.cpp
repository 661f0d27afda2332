//===- CudaDriver.cpp - the CUDA driver API, opened -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDriver.h"

#include <dlfcn.h>

using namespace qopt;

static void *openLibrary(const std::string &name) {
  if (void *handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL))
    return handle;
  std::string reason = dlerror();
  if (reason.find("cannot open shared object file") != reason.npos)
    fail("no CUDA driver: {}", reason);
  fail("the CUDA driver is broken: {}", reason);
}

CudaDriver::CudaDriver(const std::string &library) : name(library), handle(openLibrary(library)) {
  load();
  CUresult result = init(0);
  if (result == CUDA_ERROR_NO_DEVICE)
    fail("{} finds no GPU: {}", name, describe(result));
  check(result, "cannot initialize the CUDA driver {}", name);
}

void CudaDriver::Closer::operator()(void *handle) const { dlclose(handle); }

void CudaDriver::load() {
  auto find = [&](auto &function, const char *symbol) {
    void *address = dlsym(handle.get(), symbol);
    if (!address)
      fail("{} has no function {}: no CUDA driver, or one older than CUDA 12", name, symbol);
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
  };
#define QOPT_FIND(member, symbol, ...) find(member, symbol);
  QOPT_CUDA_FUNCTIONS(QOPT_FIND)
#undef QOPT_FIND
  setLocation =
      reinterpret_cast<decltype(setLocation)>(dlsym(handle.get(), "qoptEmulatorSetLocation"));
}

std::string CudaDriver::describe(CUresult result) const {
  const char *code = nullptr, *text = nullptr;
  if (getErrorName(result, &code) != CUDA_SUCCESS || !code)
    return fmt::format("CUDA error {}", int(result));
  if (getErrorString(result, &text) != CUDA_SUCCESS || !text)
    return code;
  return fmt::format("{} ({})", code, text);
}

int CudaDriver::versionNumber() const {
  int number = 0;
  check(driverGetVersion(&number), "cannot ask {} for its version", name);
  return number;
}

std::string CudaDriver::version() const {
  const int number = versionNumber();
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}
