//===- PlanParser.cpp - plan.json to Plan ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/PlanTargetParser.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <cmath>

using namespace qopt;

/// Refuses what is no artifact, or one of another version.
static void checkVersion(const PlanObject &root) {
  if (root.optionalString("format") != "qopt")
    fail("{}: 'format' is not 'qopt': this is not an artifact of qopt", root.file());
  int64_t version = root.integer("version", 0, std::numeric_limits<int32_t>::max());
  if (version == planVersion)
    return;
  std::string compiler = root.optionalString("compiler").value_or("an unnamed compiler");
  fail("{}: artifact version {}, written by {}; this is qrun {}, which reads version {}: compile "
       "the checkpoint again with qopt {}, or run it with the qrun of its compiler",
       root.file(), version, quote(compiler), QOPT_VERSION, planVersion, QOPT_VERSION);
}

static std::vector<double> readInverseFrequencies(const PlanObject &root,
                                                  const ModelConfig &config) {
  std::optional<PlanObject> rope = root.optionalMember("rope");
  bool isRope = config.positionKind == PositionKind::Rope;
  if (rope.has_value() != isRope)
    root.failAt("rope", fmt::format("is {}, but the config's positions are {}",
                                    rope ? "there" : "missing", toString(config.positionKind)));
  std::vector<double> result;
  if (!rope)
    return result;
  for (const Json &value : rope->list("inverse_frequencies")) {
    double frequency = value.is_number() ? value.get<double>() : NAN;
    if (!(frequency >= 0 && frequency <= 1e6))
      rope->failAt("inverse_frequencies",
                   fmt::format("contains {}; expected numbers from 0 to 1e6", quote(value.dump())));
    result.push_back(frequency);
  }
  if (int64_t(result.size()) * 2 != config.headDim)
    rope->failAt("inverse_frequencies", fmt::format("has {} numbers, but head_dim / 2 is {}",
                                                    result.size(), config.headDim / 2));
  return result;
}

Plan qopt::parsePlan(std::string_view text, const std::string &file) {
  Json json = parseJson(text, file);
  PlanObject root(json, file, "");
  checkVersion(root);

  Plan plan;
  plan.compiler = root.string("compiler");
  plan.recipe = root.optionalString("recipe").value_or("");
  plan.modelHash = root.optionalString("model_hash").value_or("");
  plan.config = modelConfigFromJson(root.object("config"));
  if (std::optional<JsonObject> generation = root.optionalObject("generation"))
    plan.generation = generationConfigFromJson(*generation);
  plan.inverseFrequencies = readInverseFrequencies(root, plan.config);
  plan.pageTokens = root.integer("page_tokens", 1, 1 << 16);
  PlanWeights weights(plan, root);

  for (const auto &[name, target] : root.member("targets").entries()) {
    if (name == "cpu")
      plan.cpu = parsePlanTarget(target, TargetKind::Cpu, plan, weights);
    else if (name == "ptx")
      plan.ptx = parsePlanTarget(target, TargetKind::Ptx, plan, weights);
    else
      root.failAt("targets", fmt::format("has {}; expected 'cpu' and 'ptx'", quote(name)));
  }
  return plan;
}
