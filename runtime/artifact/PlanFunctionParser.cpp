//===- PlanFunctionParser.cpp - the functions of a plan -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/PlanFunctionParser.h"

#include "runtime/artifact/PlanGrid.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

static constexpr int64_t maxSlotBytesPerRow = int64_t(1) << 32;
static constexpr int64_t maxSlotBytes = int64_t(1) << 46;
static constexpr int64_t maxScratch = int64_t(1) << 32;

static bool isHead(FunctionRole role) {
  return role == FunctionRole::PrefillHead || role == FunctionRole::DecodeHead;
}

static bool hasStaticRows(FunctionRole role) {
  return role == FunctionRole::DecodeBody || role == FunctionRole::DecodeHead;
}

/// Which functions have an input: the arrays of a batch have a row for each token, those of a head
/// and of a score for each wanted row.
enum class InputScope : uint8_t { Any, Bodies, Heads, Score };

static InputScope scopeOf(StepInput input) {
  switch (input) {
  case StepInput::Hidden:
  case StepInput::Rows:
    return InputScope::Heads;
  case StepInput::Logits:
  case StepInput::Targets:
  case StepInput::NextIds:
    return InputScope::Score;
  case StepInput::Counters:
    return InputScope::Any;
  default:
    return InputScope::Bodies;
  }
}

static InputScope scopeOf(FunctionRole role) {
  if (role == FunctionRole::Score)
    return InputScope::Score;
  return isHead(role) ? InputScope::Heads : InputScope::Bodies;
}

static const char *describe(InputScope scope) {
  switch (scope) {
  case InputScope::Heads:
    return "heads";
  case InputScope::Score:
    return "scores";
  default:
    return "prefill and decode";
  }
}

static const char *nameOf(FunctionRole role) {
  switch (role) {
  case FunctionRole::PrefillBody:
    return "prefill";
  case FunctionRole::DecodeBody:
    return "decode";
  case FunctionRole::PrefillHead:
    return "prefill_head";
  case FunctionRole::Score:
    return "score";
  case FunctionRole::DecodeHead:
    break;
  }
  return "decode_head";
}

//===----------------------------------------------------------------------===//
// Slots and result
//===----------------------------------------------------------------------===//

static std::vector<PlanSlot> readSlots(const PlanObject &function) {
  std::vector<PlanSlot> slots;
  for (const PlanObject &object : function.members("slots"))
    slots.push_back({object.optionalInteger("bytes_per_row", 0, maxSlotBytesPerRow).value_or(0),
                     object.optionalInteger("bytes", 0, maxSlotBytes).value_or(0)});
  return slots;
}

static DType readElementType(const PlanObject &object) {
  std::string type = object.string("type");
  std::optional<DType> dtype = parseDType(type);
  if (dtype != DType::F32 && dtype != DType::BF16)
    object.failAt("type", fmt::format("is {}; expected 'f32' or 'bf16'", quote(type)));
  return *dtype;
}

/// Whether a slot is large enough for all rows of the function.
static bool holdsRows(const PlanFunction &function, size_t slot, int64_t rowBytes) {
  const PlanSlot &size = function.slots[slot];
  return function.rows ? size.size(*function.rows) >= *function.rows * rowBytes
                       : size.bytesPerRow >= rowBytes;
}

static PlanResult readResult(const PlanObject &object, const PlanFunction &function) {
  PlanResult result;
  if (function.slots.empty())
    object.failAt("slot", "refers to a slot, but there are none");
  result.slot = size_t(object.integer("slot", 0, int64_t(function.slots.size()) - 1));
  result.columns = object.integer("columns", 1, maxSlotBytesPerRow);
  result.stride = object.integer("stride", result.columns, maxSlotBytesPerRow);
  result.type = readElementType(object);

  const PlanSlot &slot = function.slots[result.slot];
  int64_t rowBytes = result.stride * int64_t(byteSize(result.type));
  if (!holdsRows(function, result.slot, rowBytes))
    object.failAt("slot", fmt::format("is {}, of {} bytes a row and {} more: too small for rows "
                                      "of {} bytes",
                                      result.slot, slot.bytesPerRow, slot.bytes, rowBytes));
  return result;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// Finds `name` in a table of names, or fails at `key`.
template <typename Value, size_t N>
static Value lookUp(const PlanObject &object, std::string_view key, std::string_view name,
                    const std::pair<std::string_view, Value> (&table)[N]) {
  for (const auto &[known, value] : table)
    if (name == known)
      return value;
  object.failAt(key, fmt::format("is {}, which is unknown", quote(name)));
}

StepInput PlanFunctionParser::readInput(const PlanObject &object, FunctionRole role) const {
  static constexpr std::pair<std::string_view, StepInput> names[] = {
      {"ids", StepInput::Ids},
      {"hidden", StepInput::Hidden},
      {"rows", StepInput::Rows},
      {"seq_start", StepInput::SeqStart},
      {"past", StepInput::Past},
      {"token_seq", StepInput::TokenSeq},
      {"token_pos", StepInput::TokenPos},
      {"page_table", StepInput::PageTable},
      {"rope_table", StepInput::RopeTable},
      {"counters", StepInput::Counters},
      {"slots", StepInput::Slots},
      {"logits", StepInput::Logits},
      {"targets", StepInput::Targets},
      {"next_ids", StepInput::NextIds},
  };
  std::string name = object.string("input");
  StepInput input = lookUp(object, "input", name, names);
  InputScope scope = scopeOf(input);
  if (scope != InputScope::Any && scope != scopeOf(role))
    object.failAt("input",
                  fmt::format("is {}, which is only for {}", quote(name), describe(scope)));
  if (input == StepInput::RopeTable && plan.inverseFrequencies.empty())
    object.failAt("input", "is 'rope_table', but the plan has no 'rope'");
  return input;
}

WeightForm PlanFunctionParser::readForm(const PlanObject &object) const {
  static constexpr std::pair<std::string_view, WeightForm> names[] = {
      {"stored", WeightForm::Stored},        {"rows_bf16", WeightForm::RowsBf16},
      {"vector_f32", WeightForm::VectorF32}, {"rows_8bit", WeightForm::Rows8Bit},
      {"rows_4bit", WeightForm::Rows4Bit},   {"rows_f32", WeightForm::RowsF32},
  };
  WeightForm form = lookUp(object, "as", object.string("as"), names);
  if (kind == TargetKind::Cpu && form != WeightForm::Stored)
    object.failAt("as", "must be 'stored' for CPU kernels");
  return form;
}

/// The type of a slot's rows, which must fit the slot.
static SlotArgument readSlot(const PlanObject &object, const PlanFunction &function) {
  SlotArgument argument{size_t(object.integer("slot", 0, int64_t(function.slots.size()) - 1))};
  if (!object.has("columns"))
    return argument;
  argument.columns = object.integer("columns", 1, maxSlotBytesPerRow);
  std::string type = object.string("type");
  std::optional<DType> dtype = parseDType(type);
  if (!dtype)
    object.failAt("type", fmt::format("is {}, which is no element type", quote(type)));
  argument.type = *dtype;
  argument.isResult = object.has("result");
  int64_t rowBytes = argument.stride() * int64_t(byteSize(argument.type));
  if (!holdsRows(function, argument.slot, rowBytes))
    object.failAt("columns", fmt::format("is {} of {}, too large for slot {}", argument.columns,
                                         shortName(argument.type), argument.slot));
  return argument;
}

WeightArgument PlanFunctionParser::readWeight(const PlanObject &object) {
  WeightArgument argument{weights.indexOf(object.string("weight"), object), readForm(object)};
  argument.ways = object.optionalInteger("ways", 1, 2).value_or(1);
  argument.columns = object.optionalInteger("columns", 1, maxSlotBytesPerRow).value_or(0);
  return argument;
}

PlanArgument PlanFunctionParser::readArgument(const PlanObject &object,
                                              const PlanFunction &function, FunctionRole role) {
  if (object.has("slot")) {
    if (function.slots.empty())
      object.failAt("slot", "refers to a slot, but there are none");
    return readSlot(object, function);
  }
  if (object.has("weight"))
    return readWeight(object);
  if (object.has("cache")) {
    static constexpr std::pair<std::string_view, CachePart> parts[] = {{"k", CachePart::Key},
                                                                       {"v", CachePart::Value}};
    if (caches.empty())
      object.failAt("cache", "refers to a cache, but there are none");
    CacheArgument argument{size_t(object.integer("cache", 0, int64_t(caches.size()) - 1)),
                           lookUp(object, "part", object.string("part"), parts),
                           object.has("window")};
    if (argument.isWindow && caches[argument.cache].pool(argument.part).windowBytes == 0)
      object.failAt("window", "refers to a window, but the pool has none");
    return argument;
  }
  if (object.has("input"))
    return readInput(object, role);
  static constexpr std::pair<std::string_view, StepScalar> scalars[] = {
      {"rows", StepScalar::Rows},
      {"sequences", StepScalar::Sequences},
      {"max_pages", StepScalar::MaxPages},
  };
  return lookUp(object, "scalar", object.string("scalar"), scalars);
}

//===----------------------------------------------------------------------===//
// Launches and functions
//===----------------------------------------------------------------------===//

PlanLaunch PlanFunctionParser::readObservation(const PlanObject &object,
                                               const PlanFunction &function, FunctionRole role) {
  if (kind != TargetKind::Cpu)
    object.failAt("op", "is 'kernel.observe', which only CPUs have");
  PlanLaunch launch;
  launch.op = object.string("op");
  launch.location = object.optionalString("loc").value_or("");
  PlanObservation observation{object.stringList("weights"),
                              object.integer("columns", 1, maxSlotBytesPerRow), 0};
  if (observation.weights.empty())
    object.failAt("weights", "is empty");
  observation.stride = object.integer("stride", observation.columns, maxSlotBytesPerRow);
  for (const PlanObject &argument : object.members("args"))
    launch.arguments.push_back(readArgument(argument, function, role));
  const auto *slot =
      launch.arguments.size() == 1 ? std::get_if<SlotArgument>(&launch.arguments.front()) : nullptr;
  if (!slot)
    object.failAt("args", "must be one slot");
  if (!holdsRows(function, slot->slot, observation.stride * int64_t(sizeof(float))))
    object.failAt("args", fmt::format("is slot {}, too small for rows of {} f32", slot->slot,
                                      observation.stride));
  launch.grid = {GridFactor{}};
  launch.observation = std::move(observation);
  return launch;
}

PlanLaunch PlanFunctionParser::readLaunch(const PlanObject &object, const PlanFunction &function,
                                          FunctionRole role) {
  if (object.optionalString("op") == "kernel.observe")
    return readObservation(object, function, role);
  PlanLaunch launch;
  launch.kernel = object.string("kernel");
  launch.op = object.optionalString("op").value_or("");
  launch.location = object.optionalString("loc").value_or("");
  for (const PlanObject &argument : object.members("args"))
    launch.arguments.push_back(readArgument(argument, function, role));
  launch.grid = readGrid(object);
  if (kind == TargetKind::Cpu) {
    launch.scratch = object.optionalInteger("scratch", 0, maxScratch).value_or(0);
  } else {
    launch.block = object.integer("block", 1, 1024);
    launch.shared = object.optionalInteger("shared", 0, 1 << 20).value_or(0);
  }
  return launch;
}

PlanFunction PlanFunctionParser::parse(const PlanObject &object, FunctionRole role) {
  PlanFunction function;
  function.name = nameOf(role);
  function.rows = object.optionalInteger("rows", 1, maxStepRows);
  if (function.rows.has_value() != hasStaticRows(role))
    object.failAt("rows", hasStaticRows(role) ? "is missing" : "must be null");
  function.slots = readSlots(object);
  function.result = readResult(object.member("result"), function);
  for (const PlanObject &launch : object.members("launches"))
    function.launches.push_back(readLaunch(launch, function, role));
  return function;
}
