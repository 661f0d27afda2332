//===- PlanWeights.cpp - the weights a plan names -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/PlanWeights.h"

#include "runtime/artifact/PlanFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/formats/SafetensorsHeader.h"

using namespace qopt;

/// Bytes of all generated weights together: what any machine of today can hold.
static constexpr uint64_t maxGeneratedBytes = uint64_t(1) << 46;

static DType readDType(const PlanObject &tensor) {
  std::string name = tensor.string("dtype");
  if (std::optional<DType> dtype = parseDType(name))
    return *dtype;
  tensor.failAt("dtype", fmt::format("is {}, which is no element type", quote(name)));
}

static std::vector<int64_t> readShape(const PlanObject &tensor, DType dtype) {
  tensor.list("shape");
  std::vector<int64_t> shape = tensor.integerList("shape", 0, std::numeric_limits<int64_t>::max());
  std::optional<uint64_t> size = tensorByteSize(dtype, shape);
  if (!size || *size > maxGeneratedBytes)
    tensor.failAt("shape", fmt::format("is {}, too large for memory", formatShape(shape)));
  return shape;
}

PlanWeights::PlanWeights(Plan &plan, const PlanObject &root) : plan(plan) {
  if (std::optional<PlanObject> weights = root.optionalMember("weights")) {
    plan.weightsFile = readFileName(*weights, "file");
    if (std::optional<PlanObject> tensors = weights->optionalMember("tensors"))
      readStored(*tensors);
  }
  if (std::optional<PlanObject> random = root.optionalMember("random_weights")) {
    plan.randomSeed = uint64_t(random->integer("seed", 0, std::numeric_limits<int64_t>::max()));
    readGenerated(random->member("tensors"));
  }
}

PlanWeight &PlanWeights::add(const std::string &name) {
  indexByName.emplace(name, plan.weights.size());
  return plan.weights.emplace_back(PlanWeight{name, std::nullopt, std::nullopt, {}});
}

void PlanWeights::readStored(const PlanObject &tensors) {
  for (const auto &[name, tensor] : tensors.entries()) {
    PlanWeight &weight = add(name);
    weight.dtype = readDType(tensor);
    weight.shape = readShape(tensor, *weight.dtype);
  }
}

void PlanWeights::readGenerated(const PlanObject &tensors) {
  uint64_t total = 0;
  for (const auto &[name, tensor] : tensors.entries()) {
    if (indexByName.contains(name))
      tensors.failAt(name, "is described as a stored weight too");
    GeneratedContents contents;
    contents.dtype = readDType(tensor);
    if (contents.dtype != DType::F32 && contents.dtype != DType::F16 &&
        contents.dtype != DType::BF16)
      tensor.failAt("dtype", "is not one that can be generated: f32, f16 and bf16 are");
    contents.shape = readShape(tensor, contents.dtype);
    contents.isSplat = tensor.has("value");
    constexpr double limit = std::numeric_limits<float>::max();
    contents.value = contents.isSplat ? tensor.number("value", -limit, limit)
                                      : tensor.number("deviation", 0, 1e30);
    total += *tensorByteSize(contents.dtype, contents.shape);
    if (total > maxGeneratedBytes)
      tensors.failAt(name, "makes the generated weights too large for memory");
    add(name).generated = std::move(contents);
  }
}

size_t PlanWeights::indexOf(const std::string &name, const PlanObject &where) {
  auto found = indexByName.find(name);
  if (found != indexByName.end())
    return found->second;
  if (plan.weightsFile.empty())
    where.failAt("weight", fmt::format("is {}, which is not among the random weights, and there "
                                       "is no weights file",
                                       quote(name)));
  add(name);
  return plan.weights.size() - 1;
}
