//===- Artifact.cpp - an opened artifact directory ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Artifact.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <sys/stat.h>

using namespace qopt;

Artifact::Artifact(std::string directory) : path(std::move(directory)) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode))
    fail("{}: not an artifact: expected a directory that qopt wrote", path);
  std::string planPath = filePath("plan.json");
  if (stat(planPath.c_str(), &status) != 0)
    fail("{}: not an artifact: there is no plan.json in it; `qopt DIR -o X.qmod` writes one", path);
  MappedFile file(planPath);
  std::span<const std::byte> bytes = file.bytes();
  planData = parsePlan({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, planPath);
}

std::string Artifact::filePath(std::string_view name) const {
  return fmt::format("{}/{}", path, name);
}

WeightView Artifact::storedView(const PlanWeight &weight) const {
  const TensorInfo &tensor = file->get(weight.name);
  if (weight.dtype && (*weight.dtype != tensor.dtype || weight.shape != tensor.shape))
    fail("{}: tensor {} is {} {}, but plan.json says {} {}: the file is not this artifact's",
         file->path(), quote(weight.name), shortName(tensor.dtype), formatShape(tensor.shape),
         shortName(*weight.dtype), formatShape(weight.shape));
  // qopt's writer aligns all tensors; kernels rely on it.
  if (tensor.offset % 64 != 0)
    fail("{}: tensor {} begins at byte {}, which is no multiple of 64: not written by qopt",
         file->path(), quote(weight.name), tensor.offset);
  return {tensor.dtype, tensor.shape, file->data(tensor)};
}

void Artifact::openWeights() {
  if (!planData.weightsFile.empty())
    file.emplace(filePath(planData.weightsFile));
  generated = GeneratedWeights(planData, filePath("plan.json"));
  for (size_t i = 0; i < planData.weights.size(); ++i) {
    const PlanWeight &weight = planData.weights[i];
    if (const std::optional<GeneratedContents> &contents = weight.generated)
      views.push_back({contents->dtype, contents->shape, generated.bytes(i)});
    else
      views.push_back(storedView(weight));
  }
}

Artifact Artifact::open(const std::string &directory, unsigned threads) {
  Artifact artifact = inspect(directory);
  artifact.generated.fill(artifact.planData, threads);
  return artifact;
}

Artifact Artifact::inspect(const std::string &directory) {
  Artifact artifact(directory);
  artifact.openWeights();
  return artifact;
}

void Artifact::raiseContext(int64_t tokens) {
  int64_t &most = planData.config.maxPosition;
  if (planData.inverseFrequencies.empty())
    fail("{}: positions are learned, {} of them; no context can have more", path, most);
  if (tokens < most)
    fail("{}: --max-context {} is less than the {} tokens that the model was trained for; --ctx "
         "asks for a smaller context",
         path, tokens, most);
  most = tokens;
}

uint64_t Artifact::weightBytes() const {
  uint64_t total = 0;
  for (const WeightView &view : views)
    total += view.bytes.size();
  return total;
}
