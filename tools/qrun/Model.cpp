//===- Model.cpp - an artifact that is ready to run -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/Model.h"

#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/device/cpu/CpuTopology.h"
#include "runtime/device/cuda/CudaDevice.h"
#include "runtime/formats/Error.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <future>
#include <unistd.h>

using namespace qopt;

void ModelOptions::addTo(CLI::App &command) {
  command
      .add_option("--device", device,
                  "cpu, cuda (the first NVIDIA GPU) or cuda-emu (its kernels on an emulator)")
      ->capture_default_str()
      ->check(CLI::IsMember({"cpu", "cuda", "cuda-emu"}));
  command.add_option("-t,--threads", threads, "Threads (default: the physical cores at hand)")
      ->check(CLI::Range(1, 1024));
  command.add_option("--cpu-level", cpuLevel,
                     "Kernels to use, as \"avx2\" (default: the best that the CPU can run)");
  command.add_option("--chunk", chunk, "Rows of one step at most; longer prompts take several")
      ->capture_default_str()
      ->check(CLI::Range(1, int(maxStepRows)));
  command
      .add_option("--max-context", maxContext,
                  "Tokens of context at most, beyond those that the model was trained for")
      ->check(CLI::Range(1, 1 << 30));
}

/// Rewrites a line of a terminal, which is gone at the end.
static void showUpload(uint64_t done, uint64_t total) {
  fmt::print(stderr, "\ruploading weights: {} of {} MB\033[K{}", done / 1000000, total / 1000000,
             done == total ? "\r\033[K" : "");
}

std::unique_ptr<Device> qopt::openDevice(const Artifact &artifact, const ModelOptions &options,
                                         unsigned threads) {
  if (options.device == "cpu")
    return openCpuDevice(artifact, {threads, options.cpuLevel});
  CudaDeviceOptions cuda;
  if (options.device == "cuda-emu")
    cuda.library = findCudaEmulator();
  cuda.threads = threads;
  if (isatty(STDERR_FILENO))
    cuda.progress = showUpload;
  return openCudaDevice(artifact, cuda);
}

Model::Model(const std::string &directory, const ModelOptions &options, TokenizerUse tokenizerUse)
    : runsOnCpu(options.device == "cpu"),
      threadCount(options.threads ? options.threads : availableCores()) {
  auto start = std::chrono::steady_clock::now();
  // A vocabulary of 10^5 takes as long to load as all else.
  std::future<std::unique_ptr<Tokenizer>> loading;
  if (tokenizerUse == TokenizerUse::Needed)
    loading = std::async(std::launch::async, [&] { return Tokenizer::load(directory); });
  opened.emplace(Artifact::open(directory, threadCount));
  if (options.maxContext > 0)
    opened->raiseContext(options.maxContext);
  machine = openDevice(*opened, options, threadCount);
  if (loading.valid()) {
    loadedTokenizer = loading.get();
    loadedTokenizer->checkFits(plan().config.vocabSize);
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  loadTime = (seconds - opened->generationSeconds()) * 1e3;
}

std::vector<int32_t> Model::encodePrompt(std::string_view text) const {
  std::vector<int32_t> ids = tokenizer().encode(text);
  if (!ids.empty())
    return ids;
  std::optional<int64_t> bos = plan().generation.bosTokenId;
  if (!bos)
    bos = plan().config.bosTokenId;
  if (!bos)
    bos = tokenizer().bosId();
  if (!bos)
    fail("the prompt is empty, and {} has no BOS token to start from: give it some text",
         artifact().directory());
  return {int32_t(*bos)};
}

std::vector<int64_t> Model::endTokens() const {
  if (!plan().generation.eosTokenIds.empty())
    return plan().generation.eosTokenIds;
  if (!plan().config.eosTokenIds.empty())
    return plan().config.eosTokenIds;
  if (std::optional<int32_t> eos = tokenizer().eosId())
    return {*eos};
  return {};
}
