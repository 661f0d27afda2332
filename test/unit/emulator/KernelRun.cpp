//===- KernelRun.cpp - runs PTX in tests ----------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/emulator/KernelRun.h"

#include "runtime/formats/Error.h"

using namespace qopt;
using namespace qopt::emulator;

static std::string withHeader(const std::string &ptx) {
  if (ptx.find(".version") != std::string::npos)
    return ptx;
  return ".version 8.4\n.target sm_90\n.address_size 64\n" + ptx;
}

KernelRun::KernelRun(const std::string &ptx, unsigned threads)
    : memory(uint64_t(1) << 32), module(withHeader(ptx), "test.ptx", memory), launcher(threads) {}

Statistics KernelRun::launch(std::string_view kernel, Extent grid, Extent block,
                             const std::vector<uint64_t> &arguments, uint32_t dynamicShared) {
  std::shared_ptr<const Program> program = module.findKernel(kernel);
  if (!program)
    fail("no kernel {}", kernel);
  std::vector<std::byte> bytes(program->parameterBytes);
  for (size_t i = 0; i < program->parameters.size(); ++i)
    memcpy(bytes.data() + program->parameters[i].offset, &arguments.at(i),
           program->parameters[i].size);
  Launch launch = {*program, grid,   block,         dynamicShared,
                   bytes,    memory, countAccesses, instructionLimit};
  launch.overlaps = overlaps;
  return launcher.run(launch);
}

std::string KernelRun::launchError(std::string_view kernel, Extent grid, Extent block,
                                   const std::vector<uint64_t> &arguments, uint32_t dynamicShared) {
  try {
    launch(kernel, grid, block, arguments, dynamicShared);
  } catch (const LaunchError &error) {
    lastFault = error.kind;
    return error.what();
  }
  return "";
}

std::string emulator::kernelText(const std::string &body, const std::string &declarations) {
  return declarations + R"(
.visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3)
{
  .reg .pred %p<32>;
  .reg .b16 %rs<32>;
  .reg .b32 %r<64>;
  .reg .b64 %rd<32>;
  ld.param.u64 %rd0, [p0];
  ld.param.u64 %rd1, [p1];
  ld.param.u64 %rd2, [p2];
  ld.param.u64 %rd3, [p3];
)" + body +
         "\n}\n";
}

std::vector<uint32_t> emulator::runLanes(const std::string &body,
                                         const std::vector<std::vector<uint32_t>> &inputs,
                                         unsigned warps) {
  std::string text = "  mov.u32 %r63, %tid.x;\n  mul.wide.u32 %rd31, %r63, 4;\n";
  for (size_t i = 0; i < inputs.size(); ++i)
    text +=
        fmt::format("  add.s64 %rd{0}, %rd{0}, %rd31;\n  ld.global.b32 %r{0}, [%rd{0}];\n", i + 1);
  text += body + "\n  add.s64 %rd0, %rd0, %rd31;\n  st.global.b32 [%rd0], %r0;\n  ret;";
  KernelRun run(kernelText(text));
  std::vector<uint64_t> arguments = {run.upload(std::vector<uint32_t>(32 * warps))};
  for (const std::vector<uint32_t> &input : inputs)
    arguments.push_back(run.upload(input));
  arguments.resize(4);
  run.launch("k", {1, 1, 1}, {32 * warps, 1, 1}, arguments);
  return run.download<uint32_t>(arguments[0], 32 * warps);
}

std::string emulator::loadError(const std::string &ptx) {
  try {
    KernelRun run(ptx);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}
