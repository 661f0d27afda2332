//===- CheckStatic.cpp - qrun check --static ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CheckStatic.h"

#include "runtime/emulator/analysis/Occupancy.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/formats/Quote.h"
#include "tools/qrun/BlockCount.h"
#include "tools/qrun/Ptxas.h"
#include "tools/qrun/StaticReport.h"
#include <cstdio>
#include <set>

using namespace qopt;
using emulator::KernelResources;

/// Rows that kernels for any number of rows are counted with: a few tiles.
static constexpr int64_t kPrefillRows = 128;
static constexpr int64_t kHeadRows = 64;
/// Device memory for one kernel's arguments; what is not touched takes none of the host's.
static constexpr uint64_t kMemory = uint64_t(1) << 40;

namespace {

using ResourceMap = std::map<std::string, KernelResources, std::less<>>;

/// Collects the report of one module.
class ModuleCheck {
public:
  ModuleCheck(const Artifact &artifact, const PlanModule &module,
              const std::optional<std::string> &ptxas);

  StaticModule run();

private:
  void add(const PlanFunction &function, const StepShape &shape);
  StaticKernel describe(const PlanFunction &function, const PlanLaunch &launch,
                        const StepShape &shape);
  void addResources(const PlanLaunch &launch, const emulator::Program &program,
                    StaticKernel &kernel) const;
  void addCounts(const PlanFunction &function, const PlanLaunch &launch,
                 const emulator::Program &program, const StepShape &shape, StaticKernel &kernel);

  const Artifact &artifact;
  const PlanModule &planModule;
  const PlanTarget &target;
  StaticModule report;
  std::vector<ResourceMap> resources; ///< on each of report.chips, with ptxas
  emulator::DeviceMemory memory;
  std::optional<emulator::LoadedModule> module;
  std::set<std::string> seen;
};

} // namespace

static std::string readText(const std::string &path) {
  MappedFile file(path);
  return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
}

ModuleCheck::ModuleCheck(const Artifact &artifact, const PlanModule &planModule,
                         const std::optional<std::string> &ptxas)
    : artifact(artifact), planModule(planModule), target(*artifact.plan().ptx), memory(kMemory) {
  report.file = planModule.file;
  report.chip = planModule.level;
  report.chips = {report.chip};
  // Code for one chip only has a letter at its end; other code runs on later ones.
  if (report.chip == "sm_80")
    report.chips.push_back("sm_90");
  report.hasPtxas = ptxas.has_value();
  std::string path = artifact.filePath(planModule.file);
  module.emplace(readText(path), path, memory);
  for (const std::string &chip : report.chips)
    if (ptxas)
      resources.push_back(runPtxas(*ptxas, path, chip));
}

void ModuleCheck::addResources(const PlanLaunch &launch, const emulator::Program &program,
                               StaticKernel &kernel) const {
  const PlanKernelLaunch how = planModule.launchOf(launch);
  kernel.sharedBytes = program.staticShared + uint32_t(how.shared);
  for (size_t i = 0; i < report.chips.size(); ++i) {
    emulator::BlockResources block = {uint32_t(how.block), std::nullopt, kernel.sharedBytes};
    if (report.hasPtxas) {
      auto found = resources[i].find(launch.kernel);
      if (found == resources[i].end())
        fail("ptxas says nothing about kernel {} of {}", quote(launch.kernel), report.file);
      block.registers = found->second.registers;
      if (i == 0)
        kernel.resources = found->second;
    }
    kernel.occupancy.push_back(emulator::occupancyBound(report.chips[i], block));
  }
}

void ModuleCheck::addCounts(const PlanFunction &function, const PlanLaunch &launch,
                            const emulator::Program &program, const StepShape &shape,
                            StaticKernel &kernel) {
  try {
    kernel.counted = countFirstBlock(artifact, function, launch, planModule.launchOf(launch),
                                     program, memory, shape);
  } catch (const Error &error) {
    kernel.whyNotCounted = error.what();
  }
  if (launch.op != "kernel.matmul")
    return;
  // The matrix is the largest of the weights; others are biases and scales.
  int64_t elements = 0;
  std::vector<size_t> weights;
  for (size_t i = 0; i < launch.arguments.size(); ++i) {
    const auto *weight = std::get_if<WeightArgument>(&launch.arguments[i]);
    if (!weight || weight->form == WeightForm::VectorF32)
      continue;
    weights.push_back(i);
    int64_t count = 1;
    for (int64_t size : artifact.weight(weight->weight).shape)
      count *= size;
    elements = std::max(elements, count);
  }
  kernel.loop = emulator::findWeightLoop(*program.kernel, weights);
  if (!kernel.counted || elements == 0)
    return;
  double blocks = 1 / double(elements);
  for (const GridFactor &factor : planModule.launchOf(launch).grid)
    blocks *= double(factor.evaluate(shape));
  kernel.traffic = {double(kernel.counted->globalBytesLoaded) * blocks,
                    double(kernel.counted->globalBytesStored) * blocks};
}

StaticKernel ModuleCheck::describe(const PlanFunction &function, const PlanLaunch &launch,
                                   const StepShape &shape) {
  std::shared_ptr<const emulator::Program> program = module->findKernel(launch.kernel);
  if (!program)
    fail("{} has no kernel {}, which plan.json launches for {}", report.file, quote(launch.kernel),
         quote(launch.location));
  StaticKernel kernel;
  kernel.name = launch.kernel;
  kernel.location = launch.location;
  kernel.rows = shape.rows;
  addResources(launch, *program, kernel);
  addCounts(function, launch, *program, shape, kernel);
  return kernel;
}

void ModuleCheck::add(const PlanFunction &function, const StepShape &shape) {
  for (const PlanLaunch &launch : function.launches)
    if (seen.insert(launch.kernel).second)
      report.kernels.push_back(describe(function, launch, shape));
}

StaticModule ModuleCheck::run() {
  int64_t decodeRows = target.decode.rows.value_or(1);
  add(target.prefill, {kPrefillRows, 1});
  add(target.decode, {decodeRows, decodeRows});
  add(target.prefillHead, {kHeadRows, 1});
  add(target.decodeHead, {target.decodeHead.rows.value_or(1), decodeRows});
  if (target.score)
    add(*target.score, {decodeRows, decodeRows});
  return std::move(report);
}

void qopt::runStaticCheck(const std::string &directory, bool json) {
  Artifact artifact = Artifact::inspect(directory);
  if (!artifact.plan().ptx)
    fail("{} has no PTX to check; compile it with a ptx target", directory);
  std::optional<std::string> ptxas = findPtxas();
  Json modules = Json::array();
  for (const PlanModule &module : artifact.plan().ptx->modules) {
    if (module.isMachineCode()) // of the PTX beside it
      continue;
    StaticModule report = ModuleCheck(artifact, module, ptxas).run();
    if (json)
      modules.push_back(toJson(report));
    else
      std::printf("%s%s", &module == artifact.plan().ptx->modules.data() ? "" : "\n",
                  toText(report).c_str());
  }
  if (json)
    std::printf("%s\n", Json({{"artifact", directory}, {"modules", modules}}).dump(2).c_str());
}
