//===- CudaModule.cpp - the kernels of an artifact on a GPU ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaModule.h"

#include "runtime/formats/MappedFile.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

using namespace qopt;

namespace {

struct Chip {
  int number = 0; ///< 10 * major + minor; 0 for a name that is no chip.
  bool isSpecific = false;
};

} // namespace

static Chip parseChip(std::string_view name) {
  Chip chip;
  if (!name.starts_with("sm_"))
    return chip;
  name.remove_prefix(3);
  auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), chip.number);
  chip.isSpecific = rest != name.data() + name.size();
  return error == std::errc() ? chip : Chip();
}

bool qopt::runsOn(const std::string &name, bool isMachineCode, ComputeCapability capability) {
  Chip chip = parseChip(name);
  int number = capability.major * 10 + capability.minor;
  if (chip.number == 0 || number < chip.number)
    return false;
  return chip.isSpecific ? number == chip.number
                         : !isMachineCode || capability.major == chip.number / 10;
}

/// The number after `.version`, or nothing.
static std::string ptxVersion(std::string_view ptx) {
  constexpr std::string_view directive = ".version ";
  size_t begin = ptx.find(directive);
  if (begin == ptx.npos)
    return "";
  begin += directive.size();
  return std::string(ptx.substr(begin, ptx.find_first_not_of("0123456789.", begin) - begin));
}

/// What the driver's compiler wrote, in one line.
static std::string joinLines(const char *log) {
  std::string text = log;
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

CudaModule::CudaModule(const CudaContext &context, const Artifact &artifact,
                       const PlanTarget &target)
    : context(context) {
  const ComputeCapability capability = context.capability();
  std::vector<const PlanModule *> modules;
  for (const PlanModule &candidate : target.modules)
    modules.push_back(&candidate);
  // What was made for a later chip, and for this one alone, uses more of it.
  std::ranges::sort(modules, [](const PlanModule *a, const PlanModule *b) {
    Chip left = parseChip(a->level), right = parseChip(b->level);
    return std::tuple(left.number, left.isSpecific, a->isMachineCode()) >
           std::tuple(right.number, right.isSpecific, b->isMachineCode());
  });
  std::string reasons;
  for (const PlanModule *candidate : modules) {
    path = artifact.filePath(candidate->file);
    chosen = candidate;
    if (!runsOn(candidate->level, candidate->isMachineCode(), capability)) {
      reasons += fmt::format("; {} is for {}", path, candidate->level);
      continue;
    }
    std::string reason = load(path);
    if (reason.empty())
      return;
    unloaded += fmt::format("; {}: {}", path, reason);
    reasons += fmt::format("; {}: {}", path, reason);
  }
  fail("{}: no kernels for the GPU {} of compute capability {}.{}{}", artifact.directory(),
       context.deviceName(), capability.major, capability.minor, reasons);
}

std::string CudaModule::load(const std::string &path) {
  const CudaDriver &cuda = context.driver();
  MappedFile file(path);
  // The driver takes text up to a zero.
  std::string code(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
  std::array<char, 8192> log{};
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  CUresult result =
      cuda.moduleLoadDataEx(&module, code.c_str(), std::size(options), options, values);
  if (result == CUDA_SUCCESS)
    return "";
  std::string words = joinLines(log.data());
  if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION)
    return fmt::format("the driver, of CUDA {}, is too old for PTX {}: {}", cuda.version(),
                       ptxVersion(code), cuda.describe(result));
  std::string error = cuda.describe(result);
  if (error.find(words) == error.npos)
    error += ": " + words;
  return "cannot be loaded: " + error;
}

CudaModule::~CudaModule() {
  if (module)
    context.driver().moduleUnload(module);
}

CUfunction CudaModule::kernel(const PlanLaunch &launch) const {
  const CudaDriver &cuda = context.driver();
  CUfunction function = nullptr;
  CUresult result = cuda.moduleGetFunction(&function, module, launch.kernel.c_str());
  if (result == CUDA_ERROR_NOT_FOUND)
    fail("{}: has no {}, which plan.json launches", path, describe(launch));
  cuda.check(result, "{}: {}", path, describe(launch));
  int64_t shared = launchOf(launch).shared;
  cuda.check(
      cuda.funcSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, int(shared)),
      "{}: {} with {} bytes of shared memory", path, describe(launch), shared);
  return function;
}

std::string qopt::describe(const PlanLaunch &launch) {
  return fmt::format("kernel {} ({} at {})", quote(launch.kernel), launch.op, launch.location);
}
