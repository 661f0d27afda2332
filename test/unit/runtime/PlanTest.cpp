//===- PlanTest.cpp - plans that contradict themselves --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Plan.h"

#include "ToyArtifact.h"

using namespace qopt;
using namespace qopt::test;

namespace {

/// One value of the toy's plan, replaced.
struct BadPlan {
  const char *pointer;
  Json value;
  std::vector<std::string_view> message;
};

} // namespace

static std::string parseError(const Json &plan) {
  return errorOf([&] { parsePlan(plan.dump(), "x/plan.json"); });
}

TEST(Plan, SizesOfAStep) {
  GridFactor rows{GridFactor::Symbol::Rows, 64}, sequences{GridFactor::Symbol::Sequences, 1};
  EXPECT_EQ(rows.evaluate({65, 3}), 2);
  EXPECT_EQ(rows.evaluate({64, 3}), 1);
  EXPECT_EQ(sequences.evaluate({65, 3}), 3);
  PlanLaunch launch;
  launch.grid = {{GridFactor::Symbol::None, 5}, rows, sequences};
  EXPECT_EQ(launch.items({65, 3}), 30);
  PlanSlot slot{12, 100};
  EXPECT_EQ(slot.size(10), 220);
}

TEST(Plan, TheToyIsParsedAsWritten) {
  Plan plan = parsePlan(ToyArtifact().plan.dump(), "plan.json");
  ASSERT_TRUE(plan.cpu);
  EXPECT_FALSE(plan.ptx);
  EXPECT_EQ(plan.pageTokens, 4);
  EXPECT_EQ(plan.inverseFrequencies, std::vector<double>{0.5});
  const PlanFunction &decode = plan.cpu->decode;
  EXPECT_EQ(decode.rows, 1);
  EXPECT_FALSE(plan.cpu->prefill.rows);
  ASSERT_EQ(decode.launches.size(), 2u);
  const PlanLaunch &attend = decode.launches[1];
  EXPECT_EQ(attend.kernel, "toy_attend_decode");
  EXPECT_EQ(attend.location, "layers.0");
  EXPECT_EQ(attend.scratch, 4);
  ASSERT_EQ(attend.arguments.size(), 13u);
  EXPECT_EQ(std::get<SlotArgument>(attend.arguments[0]).slot, 1u);
  EXPECT_EQ(std::get<CacheArgument>(attend.arguments[2]).part, CachePart::Value);
  EXPECT_EQ(std::get<StepInput>(attend.arguments[7]), StepInput::PageTable);
  EXPECT_EQ(std::get<StepScalar>(attend.arguments[10]), StepScalar::Sequences);
  EXPECT_EQ(std::get<WeightArgument>(attend.arguments[11]).weight, 0u);
}

TEST(Plan, PtxTargetsHaveBlocks) {
  ToyArtifact toy;
  Json target = toy.plan["targets"]["cpu"];
  target["modules"] = {{{"file", "kernels.ptx"}, {"chip", "sm_80"}}};
  for (Json &function : target["functions"])
    for (Json &launch : function["launches"])
      launch["block"] = 128;
  target["functions"]["prefill"]["launches"][1]["args"][11]["as"] = "vector_f32";
  toy.plan["targets"]["ptx"] = target;
  Plan plan = parsePlan(toy.plan.dump(), "plan.json");
  ASSERT_TRUE(plan.ptx);
  EXPECT_EQ(plan.ptx->prefill.launches[1].block, 128);
  EXPECT_EQ(std::get<WeightArgument>(plan.ptx->prefill.launches[1].arguments[11]).form,
            WeightForm::VectorF32);
  toy.plan["targets"]["ptx"]["functions"]["decode"]["launches"][0].erase("block");
  expectContains(parseError(toy.plan), {"targets.ptx.functions.decode.launches[0].block"});
}

TEST(Plan, ScoresHaveInputsOfTheirOwn) {
  const Json score = Json::parse(R"({
    "rows": null, "slots": [{"bytes_per_row": 128, "bytes": 0}],
    "result": {"slot": 0, "columns": 5, "stride": 32, "type": "f32"},
    "launches": [{"kernel": "score", "op": "kernel.score", "loc": "score", "grid": ["T"],
      "args": [{"input": "logits"}, {"input": "targets"}, {"slot": 0, "columns": 5, "type": "f32",
                "result": true}, {"input": "next_ids"}, {"input": "counters"}, {"scalar": "rows"}]}]})");
  auto planWith = [&](const char *place, const Json &value) {
    Json plan = ToyArtifact().plan;
    Json &functions = plan["targets"]["cpu"]["functions"];
    functions["score"] = score;
    functions[Json::json_pointer(place)] = value;
    return plan;
  };
  const Plan plan = parsePlan(planWith("/score/rows", nullptr).dump(), "plan.json");
  ASSERT_TRUE(plan.cpu->score);
  EXPECT_EQ(plan.cpu->functions().size(), 5u);
  EXPECT_EQ(std::get<StepInput>(plan.cpu->score->launches[0].arguments[3]), StepInput::NextIds);

  expectContains(parseError(planWith("/score/rows", 1)), {"score.rows", "null"});
  expectContains(parseError(planWith("/score/result/columns", 4)), {"score", "columns", "4", "5"});
  expectContains(parseError(planWith("/score/launches/0/args/0/input", "ids")),
                 {"'ids'", "prefill and decode"});
  expectContains(parseError(planWith("/prefill_head/launches/0/args/0", {{"input", "logits"}})),
                 {"'logits'", "only for scores"});
  Json wide = planWith("/prefill_head/result/stride", 1056);
  wide["targets"]["cpu"]["functions"]["prefill_head"]["slots"][0]["bytes_per_row"] = 1056 * 4;
  expectContains(parseError(wide), {"score", "1024", "prefill_head", "1056"});
}

TEST(Plan, ContradictionsAreNamed) {
  const BadPlan cases[] = {
      {"/format", "gguf", {"x/plan.json", "'format'"}},
      {"/version", "1", {"version"}},
      {"/config/vocab_size", 1000, {"prefill_head.result.columns", "1024", "1000"}},
      {"/config/hidden_size", 8, {"prefill.result.columns", "4", "8"}},
      {"/rope/inverse_frequencies", {0.5, 0.25}, {"inverse_frequencies", "2", "1"}},
      {"/rope/inverse_frequencies/0", -1, {"inverse_frequencies", "-1"}},
      {"/rope", nullptr, {"'rope'", "missing"}},
      {"/page_tokens", 0, {"page_tokens"}},
      {"/weights/file", "../weights", {"weights.file", "'../weights'"}},
      {"/weights", nullptr, {"'toy.weight'", "no weights file"}},
      {"/targets/tpu", Json::object(), {"'tpu'"}},
      {"/targets/cpu/modules", Json::array(), {"modules", "empty"}},
      {"/targets/cpu/modules/0/file", "/lib/x.so", {"modules[0].file", "'/lib/x.so'"}},
      {"/targets/cpu/caches/0/kv_heads", 0, {"caches[0].kv_heads"}},
      {"/targets/cpu/caches/0/k/block_bytes", 16, {"caches[0].k.block_bytes", "16", "32"}},
      {"/targets/cpu/caches/0/v/window_bytes", 0, {"caches[0].v.window_bytes"}},
      {"/targets/cpu/functions/prefill/launches/0/args/0",
       {{"cache", 0}, {"part", "k"}, {"window", true}},
       {"args[0].window", "the pool has none"}},
      {"/targets/cpu/functions/decode", nullptr, {"functions.decode", "missing"}},
      {"/targets/cpu/functions/decode/rows", nullptr, {"decode.rows", "missing"}},
      {"/targets/cpu/functions/prefill/rows", 4, {"prefill.rows", "null"}},
      {"/targets/cpu/functions/prefill/slots", Json::array(), {"prefill.result.slot"}},
      {"/targets/cpu/functions/prefill/slots/1/bytes_per_row", 12, {"prefill.result.slot", "16"}},
      {"/targets/cpu/functions/prefill/slots/1/bytes_per_row", -1, {"slots[1].bytes_per_row"}},
      {"/targets/cpu/functions/prefill/result/slot", 2, {"prefill.result.slot", "2"}},
      {"/targets/cpu/functions/prefill/result/stride", 2, {"prefill.result.stride", "2"}},
      {"/targets/cpu/functions/decode/result/type", "bf16", {"decode.result", "bf16"}},
      {"/targets/cpu/functions/prefill_head/result/type", "i8", {"result.type", "'i8'"}},
      {"/targets/cpu/functions/prefill/launches/0/args/0", {{"slot", 9}}, {"args[0].slot", "9"}},
      {"/targets/cpu/functions/prefill/launches/0/args/0", {{"input", "hidden"}}, {"heads"}},
      {"/targets/cpu/functions/prefill/launches/0/args/0", {{"input", "x"}}, {"'x'"}},
      {"/targets/cpu/functions/prefill/launches/0/args/0", {{"scalar", "x"}}, {"'x'"}},
      {"/targets/cpu/functions/prefill/launches/0/args/0", Json::object(), {"args[0]"}},
      {"/targets/cpu/functions/prefill/launches/0/args/1/cache", 1, {"args[1].cache", "1"}},
      {"/targets/cpu/functions/prefill/launches/0/args/1/part", "q", {"args[1].part", "'q'"}},
      {"/targets/cpu/functions/prefill/launches/1/args/11/as", "rows_bf16", {"'stored'"}},
      {"/targets/cpu/functions/prefill/launches/1/args/11/as", "x", {"args[11].as", "'x'"}},
      {"/targets/cpu/functions/prefill_head/launches/0/args/0", {{"input", "ids"}}, {"'ids'"}},
      {"/targets/cpu/functions/prefill/launches/0/grid", Json::array(), {"grid", "0 factors"}},
      {"/targets/cpu/functions/prefill/launches/0/grid", {0}, {"grid"}},
      {"/targets/cpu/functions/prefill/launches/0/grid", {"S"}, {"grid", "S"}},
      {"/targets/cpu/functions/prefill/launches/0/grid", {{{"ceildiv", {"T", 0}}}}, {"grid"}},
      {"/targets/cpu/functions/prefill/launches/0/grid", {{{"ceildiv", {"T"}}}}, {"grid"}},
      {"/targets/cpu/functions/prefill/launches/0/grid",
       {2147483647, 2147483647, "T"},
       {"grid", "too large"}},
      {"/targets/cpu/functions/prefill/launches/0/scratch", -8, {"launches[0].scratch"}},
  };
  for (const BadPlan &bad : cases) {
    ToyArtifact toy;
    toy.plan[Json::json_pointer(bad.pointer)] = bad.value;
    std::string message = parseError(toy.plan);
    for (std::string_view part : bad.message)
      EXPECT_NE(message.find(part), message.npos)
          << bad.pointer << " = " << bad.value << ": " << message;
  }
}

TEST(Plan, RandomWeightsMustMakeSense) {
  auto error = [](const char *tensor) {
    ToyArtifact toy;
    toy.plan["random_weights"] = {{"seed", 1}, {"tensors", {{"r", Json::parse(tensor)}}}};
    return parseError(toy.plan);
  };
  EXPECT_EQ(error(R"({"dtype": "F32", "shape": [2], "value": 0})"), "");
  expectContains(error(R"({"dtype": "I8", "shape": [2], "value": 0})"), {"tensors.r.dtype"});
  expectContains(error(R"({"dtype": "F32", "shape": [2]})"), {"tensors.r.deviation"});
  expectContains(error(R"({"dtype": "F32", "value": 0})"), {"tensors.r.shape"});
  expectContains(error(R"({"dtype": "F32", "shape": [4294967296, 4294967296], "value": 0})"),
                 {"tensors.r.shape", "too large"});
}
