//===- StaticReport.cpp - what can be said of PTX without a GPU -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/StaticReport.h"

#include "tools/qrun/BlockCount.h"
#include <algorithm>
#include <fmt/format.h>

using namespace qopt;

static double share128(const emulator::Statistics &counted) {
  uint64_t bytes = counted.globalBytesLoaded + counted.globalBytesStored;
  return bytes == 0 ? 0 : double(counted.globalBytes128) / double(bytes);
}

/// Cycles lost to bank conflicts, for each that shared memory is busy.
static double conflictShare(const emulator::Statistics &counted) {
  return counted.sharedWavefronts == 0
             ? 0
             : double(counted.bankConflicts) / double(counted.sharedWavefronts);
}

static double instructionsPerByte(const emulator::WeightLoop &loop) {
  return double(loop.instructions) / double(loop.weightBytes);
}

static std::string percent(std::optional<double> share) {
  return share ? fmt::format("{:.0f}%", 100 * *share) : "-";
}

static std::string kernelLine(const StaticKernel &kernel, size_t nameWidth) {
  std::string text = fmt::format("{:<{}}  {:>5}", kernel.name, nameWidth, kernel.rows);
  text += kernel.resources
              ? fmt::format("  {:>4}  {:>6}", kernel.resources->registers,
                            kernel.resources->spillStores + kernel.resources->spillLoads)
              : fmt::format("  {:>4}  {:>6}", "-", "-");
  text += fmt::format("  {:>6}", kernel.sharedBytes);
  for (const std::optional<double> &occupancy : kernel.occupancy)
    text += fmt::format("  {:>6}", percent(occupancy));
  text += kernel.counted ? fmt::format("  {:>7}  {:>9}", percent(share128(*kernel.counted)),
                                       percent(conflictShare(*kernel.counted)))
                         : fmt::format("  {:>7}  {:>9}", "-", "-");
  text += kernel.traffic ? fmt::format("  {:>8.3f}  {:>8.4f}", kernel.traffic->loadedPerElement,
                                       kernel.traffic->storedPerElement)
                         : fmt::format("  {:>8}  {:>8}", "-", "-");
  std::string ratio = "-";
  if (kernel.loop)
    ratio =
        fmt::format("{}{:.2f}", kernel.loop->isLoop ? "" : "~", instructionsPerByte(*kernel.loop));
  return text + fmt::format("  {:>7}\n", ratio);
}

std::string qopt::toText(const StaticModule &module) {
  size_t width = 6;
  for (const StaticKernel &kernel : module.kernels)
    width = std::max(width, kernel.name.size());
  std::string text = fmt::format("{} for {}, {} kernels\n\n{:<{}}  {:>5}  {:>4}  {:>6}  {:>6}",
                                 module.file, module.chip, module.kernels.size(), "kernel", width,
                                 "rows", "regs", "spills", "shared");
  for (const std::string &chip : module.chips)
    text += fmt::format("  {:>6}", chip);
  text += fmt::format("  {:>7}  {:>9}  {:>8}  {:>8}  {:>7}\n", "128-bit", "conflicts", "loaded/w",
                      "stored/w", "instr/B");
  for (const StaticKernel &kernel : module.kernels)
    text += kernelLine(kernel, width);
  text += fmt::format(
      "\n{}; spills and shared memory in bytes; under the chips, the bound of resident warps{}.\n"
      "Counted on the first block, on zeros, {} tokens past: the share of global bytes in 128-bit\n"
      "accesses, of shared memory's cycles lost to bank conflicts, bytes loaded and stored by the\n"
      "launch for each element of its weights. instr/B: instructions of a thread for each byte of\n"
      "weights in the innermost loop that reads them; ~: there is no loop, and it is the kernel.\n",
      module.hasPtxas ? "regs and spills are ptxas's" : "no ptxas on PATH: no registers, no spills",
      module.hasPtxas ? "" : " without that of registers", kCountedPast);
  for (const StaticKernel &kernel : module.kernels)
    if (!kernel.whyNotCounted.empty())
      text += fmt::format("not counted: {}\n", kernel.whyNotCounted);
  return text;
}

static Json countsToJson(const emulator::Statistics &counted) {
  return {{"thread_instructions", counted.threadInstructions},
          {"global_bytes_loaded", counted.globalBytesLoaded},
          {"global_bytes_stored", counted.globalBytesStored},
          {"share_128_bit", share128(counted)},
          {"global_requests", counted.globalRequests},
          {"global_sectors", counted.globalSectors},
          {"shared_wavefronts", counted.sharedWavefronts},
          {"bank_conflicts", counted.bankConflicts},
          {"matrix_instructions", counted.matrixInstructions}};
}

static Json kernelToJson(const StaticKernel &kernel, const std::vector<std::string> &chips) {
  Json json = {{"kernel", kernel.name},
               {"loc", kernel.location},
               {"rows", kernel.rows},
               {"shared_bytes", kernel.sharedBytes}};
  if (kernel.resources) {
    json["registers"] = kernel.resources->registers;
    json["spill_store_bytes"] = kernel.resources->spillStores;
    json["spill_load_bytes"] = kernel.resources->spillLoads;
  }
  for (size_t i = 0; i < chips.size(); ++i)
    if (kernel.occupancy[i])
      json["occupancy"][chips[i]] = *kernel.occupancy[i];
  if (kernel.counted)
    json["first_block"] = countsToJson(*kernel.counted);
  else
    json["not_counted"] = kernel.whyNotCounted;
  if (kernel.traffic) {
    json["loaded_bytes_per_weight"] = kernel.traffic->loadedPerElement;
    json["stored_bytes_per_weight"] = kernel.traffic->storedPerElement;
  }
  if (kernel.loop)
    json["weight_loop"] = {{"is_loop", kernel.loop->isLoop},
                           {"instructions", kernel.loop->instructions},
                           {"weight_bytes", kernel.loop->weightBytes},
                           {"global_bytes", kernel.loop->globalBytes},
                           {"matrix_instructions", kernel.loop->matrixInstructions},
                           {"instructions_per_weight_byte", instructionsPerByte(*kernel.loop)}};
  return json;
}

Json qopt::toJson(const StaticModule &module) {
  Json json = {{"file", module.file}, {"chip", module.chip}, {"ptxas", module.hasPtxas}};
  json["kernels"] = Json::array();
  for (const StaticKernel &kernel : module.kernels)
    json["kernels"].push_back(kernelToJson(kernel, module.chips));
  return json;
}
