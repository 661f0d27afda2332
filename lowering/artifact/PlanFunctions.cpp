//===- PlanFunctions.cpp - kernel functions in plan.json ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/PlanFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;
using llvm::FailureOr;

/// The checkpoint's name of an op, or nothing if the location is another kind.
static std::string locationName(Location loc) {
  std::string name;
  loc->walk([&](Location inner) {
    auto named = dyn_cast<NameLoc>(inner);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name;
}

/// A factor of a grid: an integer, "T", "B" or a ceildiv (LaunchAttr's verifier allows no more).
static OrderedJson planFactor(AffineExpr factor) {
  if (auto constant = dyn_cast<AffineConstantExpr>(factor))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(factor))
    return symbol.getPosition() == 0 ? "T" : "B";
  auto ceildiv = cast<AffineBinaryOpExpr>(factor);
  return {{"ceildiv", {planFactor(ceildiv.getLHS()), planFactor(ceildiv.getRHS())}}};
}

OrderedJson qopt::planGrid(LaunchAttr launch) {
  OrderedJson grid = OrderedJson::array();
  for (AffineExpr factor : launch.getGrid().getResults())
    grid.push_back(planFactor(factor));
  return grid;
}

static std::string elementTypeName(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << cast<RankedTensorType>(type).getElementType();
  return name;
}

/// The type of an activation's elements: of fp8, of which the IR has the bytes, what those are.
static std::string activationTypeName(Value value) {
  q::SchemeAttr scheme;
  if (auto quantize = value.getDefiningOp<QuantizeOp>())
    scheme = quantize.getScheme();
  else if (auto norm = value.getDefiningOp<NormOp>())
    scheme = norm.getResultSchemeAttr();
  bool isCodes = cast<RankedTensorType>(value.getType()).getElementType().isInteger(8);
  if (isCodes && scheme && scheme.getStorage() == q::Storage::Fp8E4M3)
    return "f8E4M3FN";
  if (isCodes && scheme && scheme.getStorage() == q::Storage::Fp8E5M2)
    return "f8E5M2";
  return elementTypeName(value.getType());
}

/// What the runtime calls an argument: @prefill(ids, batch), @prefill_head(hidden, rows); those of
/// other functions say it. Empty for what the runtime does not know.
static std::string inputName(BlockArgument argument) {
  auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kInputAttr))
    return name.str();
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  if (!type || argument.getArgNumber() > 1)
    return "";
  bool isFirst = argument.getArgNumber() == 0;
  if (isa<FloatType>(type.getElementType()))
    return isFirst ? "hidden" : "";
  return isFirst ? "ids" : "rows";
}

static FailureOr<OrderedJson> planSlots(func::FuncOp function) {
  auto slots = function->getAttrOfType<ArrayAttr>(kSlotsAttr);
  if (!slots)
    return function.emitOpError("has no buffers; run plan-buffers");
  OrderedJson json = OrderedJson::array();
  for (auto slot : slots.getAsRange<DictionaryAttr>())
    json.push_back({{"bytes_per_row", slot.getAs<IntegerAttr>("bytes_per_row").getInt()},
                    {"bytes", slot.getAs<IntegerAttr>("bytes").getInt()}});
  return json;
}

/// What a launch before `op` computes.
static FailureOr<OrderedJson> planSlot(Operation *op, Value value) {
  auto producer = value.getDefiningOp<LaunchOpInterface>();
  if (!producer || !producer.getSlotsAttr())
    return op->emitOpError("has an operand without a buffer; run plan-buffers");
  return OrderedJson{{"slot", producer.getSlotsAttr()[cast<OpResult>(value).getResultNumber()]}};
}

static FailureOr<OrderedJson> planResult(func::FuncOp function) {
  Operation *terminator = function.front().getTerminator();
  Value result = terminator->getNumOperands() == 1 ? terminator->getOperand(0) : Value();
  auto op = result ? result.getDefiningOp<LaunchOpInterface>() : LaunchOpInterface();
  if (!op)
    return function.emitOpError("must return what one kernel computes");
  auto type = cast<RankedTensorType>(result.getType());
  int64_t columns = type.getDimSize(1);
  return OrderedJson{{"slot", op.getSlotsAttr()[cast<OpResult>(result).getResultNumber()]},
                     {"columns", columns},
                     {"stride", int64_t(llvm::alignTo(columns, kRowAlignment))},
                     {"type", elementTypeName(type)}};
}

FailureOr<OrderedJson> FunctionPlanner::plan(func::FuncOp function) {
  if (function.isExternal())
    return function.emitOpError("has kernels for a target, but no body");
  FailureOr<OrderedJson> slots = planSlots(function);
  if (failed(slots))
    return failure();
  OrderedJson launches = OrderedJson::array();
  for (Operation &op : function.front()) {
    auto observation = dyn_cast<ObserveOp>(op);
    auto launch = dyn_cast<LaunchOpInterface>(op);
    if (!observation && !launch)
      continue;
    FailureOr<OrderedJson> planned = launch ? planLaunch(launch) : planObservation(observation);
    if (failed(planned))
      return failure();
    launches.push_back(std::move(*planned));
  }
  FailureOr<OrderedJson> result = planResult(function);
  if (failed(result))
    return failure();
  OrderedJson json;
  int64_t rows = cast<RankedTensorType>(function.getResultTypes()[0]).getDimSize(0);
  json["rows"] = ShapedType::isDynamic(rows) ? OrderedJson() : OrderedJson(rows);
  json["slots"] = std::move(*slots);
  json["result"] = std::move(*result);
  json["launches"] = std::move(launches);
  return json;
}

FailureOr<OrderedJson> FunctionPlanner::planLaunch(LaunchOpInterface op) {
  LaunchAttr launch = op.getLaunchAttr();
  if (!launch)
    return op->emitOpError() << "has no launch; run configure-" << target << "-kernels";
  if (!op.getKernelAttr())
    return op->emitOpError("has no kernel name; run name-kernels");
  if (!op.getSlotsAttr())
    return op->emitOpError("has no slots; run plan-buffers");
  OrderedJson json{{"kernel", op.getKernelAttr().str()},
                   {"op", op->getName().getStringRef().str()},
                   {"loc", locationName(op.getLoc())}};
  OrderedJson arguments = OrderedJson::array();
  for (const Argument &argument : op.getKernelArguments()) {
    FailureOr<OrderedJson> planned = planArgument(op, argument);
    if (failed(planned))
      return failure();
    arguments.push_back(std::move(*planned));
  }
  json["args"] = std::move(arguments);
  json["grid"] = planGrid(launch);
  if (target == "cpu") {
    json["scratch"] = launch.getScratch();
  } else {
    json["block"] = launch.getBlock();
    json["shared"] = launch.getShared();
  }
  return json;
}

FailureOr<OrderedJson> FunctionPlanner::planObservation(ObserveOp op) {
  FailureOr<OrderedJson> x = planSlot(op, op.getX());
  if (failed(x))
    return failure();
  int64_t columns = cast<RankedTensorType>(op.getX().getType()).getDimSize(1);
  OrderedJson weights = OrderedJson::array();
  for (auto weight : op.getWeights().getAsRange<StringAttr>())
    weights.push_back(weight.str());
  return OrderedJson{{"op", op->getName().getStringRef().str()},
                     {"loc", locationName(op.getLoc())},
                     {"weights", std::move(weights)},
                     {"args", {std::move(*x)}},
                     {"columns", columns},
                     {"stride", int64_t(llvm::alignTo(columns, kRowAlignment))}};
}

FailureOr<OrderedJson> FunctionPlanner::planArgument(LaunchOpInterface op,
                                                     const Argument &argument) {
  using Kind = Argument::Kind;
  switch (argument.kind) {
  case Kind::Value:
    return planValue(op, argument.value);
  case Kind::KeyCache:
    return planCache(argument.cache, "k");
  case Kind::ValueCache:
    return planCache(argument.cache, "v");
  case Kind::KeyWindow:
    return planWindow(argument.cache, "k");
  case Kind::ValueWindow:
    return planWindow(argument.cache, "v");
  case Kind::Slots:
    return OrderedJson{{"input", "slots"}};
  case Kind::SeqStart:
    return OrderedJson{{"input", "seq_start"}};
  case Kind::Past:
    return OrderedJson{{"input", "past"}};
  case Kind::TokenSeq:
    return OrderedJson{{"input", "token_seq"}};
  case Kind::TokenPos:
    return OrderedJson{{"input", "token_pos"}};
  case Kind::PageTable:
    return OrderedJson{{"input", "page_table"}};
  case Kind::Counters:
    return OrderedJson{{"input", "counters"}};
  case Kind::NextIds:
    return OrderedJson{{"input", "next_ids"}};
  case Kind::RopeTable:
    return OrderedJson{{"input", "rope_table"}};
  case Kind::Rows:
    return OrderedJson{{"scalar", "rows"}};
  case Kind::Sequences:
    return OrderedJson{{"scalar", "sequences"}};
  case Kind::MaxPages:
    return OrderedJson{{"scalar", "max_pages"}};
  }
  llvm_unreachable("unknown kind of argument");
}

FailureOr<OrderedJson> FunctionPlanner::planValue(LaunchOpInterface op, Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (std::string name = inputName(argument); !name.empty())
      return OrderedJson{{"input", name}};
    return op->emitOpError() << "reads argument " << argument.getArgNumber()
                             << " of the function, which the runtime does not know";
  }
  if (auto weight = value.getDefiningOp<llm::GetOp>())
    return planWeight(op, weight);
  FailureOr<OrderedJson> json = planSlot(op, value);
  if (failed(json))
    return failure();
  auto type = cast<RankedTensorType>(value.getType());
  auto result = cast<RankedTensorType>(op->getParentOfType<func::FuncOp>().getResultTypes()[0]);
  if (type.getDimSize(0) == result.getDimSize(0)) { // rows of the step
    (*json)["columns"] = type.getDimSize(type.getRank() - 1);
    (*json)["type"] = activationTypeName(value);
  }
  if (value.getDefiningOp() == op.getOperation())
    (*json)["result"] = true;
  return json;
}

/// Whether a parameter is the one scale of an activation, `[1, 1]`.
static bool isGivenScale(Value weight) {
  return cast<RankedTensorType>(weight.getType()).getShape() == ArrayRef<int64_t>{1, 1};
}

/// What PTX kernels read a weight as.
static std::string uploadForm(LaunchOpInterface op, Value weight) {
  Value matrix;
  ValueRange parameters;
  q::SchemeAttr scheme;
  if (auto matmul = dyn_cast<MatmulOp>(op.getOperation())) {
    matrix = matmul.getWeight();
    parameters = matmul.getWeightParameters();
    scheme = matmul.getWeightSchemeAttr();
  } else if (auto gather = dyn_cast<GatherOp>(op.getOperation())) {
    matrix = gather.getTable();
    parameters = gather.getTableParameters();
    scheme = gather.getTableSchemeAttr();
  }
  if (llvm::is_contained(parameters, weight) || isGivenScale(weight))
    return "rows_f32";
  if (weight != matrix)
    return "vector_f32";
  if (!scheme)
    return "rows_bf16";
  return scheme.codeType().isInteger(4) ? "rows_4bit" : "rows_8bit";
}

OrderedJson FunctionPlanner::planWeight(LaunchOpInterface op, llm::GetOp weight) {
  usedWeights.insert(weight.getParamAttr().getAttr());
  OrderedJson json{{"weight", weight.getParam().str()}};
  if (target == "cpu") {
    json["as"] = "stored";
    return json;
  }
  auto matmul = dyn_cast<MatmulOp>(op.getOperation());
  json["as"] = uploadForm(op, weight);
  if (matmul && !isGivenScale(weight)) { // what it takes to unpack panels
    json["ways"] = int64_t(matmul.getWays());
    json["columns"] = int64_t(matmul.getColumns());
  }
  return json;
}

OrderedJson FunctionPlanner::planWindow(FlatSymbolRefAttr cache, const char *part) const {
  OrderedJson json = planCache(cache, part);
  json["window"] = true;
  return json;
}

OrderedJson FunctionPlanner::planCache(FlatSymbolRefAttr cache, const char *part) const {
  return {{"cache", llvm::find(caches, cache.getAttr()) - caches.begin()}, {"part", part}};
}
