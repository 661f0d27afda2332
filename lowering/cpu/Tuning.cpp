//===- Tuning.cpp - choices read from a file ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/Tuning.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

/// Reads one rule, or says what is wrong with it.
static llvm::Expected<TuningRule> parseRule(const llvm::json::Value &value, MLIRContext *context) {
  auto fail = [](const Twine &message) { return llvm::createStringError(message); };
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return fail("is not an object");
  for (const auto &entry : *object)
    if (!llvm::is_contained({"op", "rows", "location", "config"}, StringRef(entry.first)))
      return fail("has an unknown key '" + entry.first.str() +
                  "'; known are op, rows, location and config");
  TuningRule rule;
  std::optional<StringRef> op = object->getString("op");
  if (!op)
    return fail("has no 'op'");
  rule.op = op->str();
  if (const llvm::json::Value *rows = object->get("rows")) {
    std::optional<int64_t> number = rows->getAsInteger();
    if (!number && !rows->getAsNull())
      return fail("'rows' is neither a number nor null");
    rule.rows = number;
  }
  if (const llvm::json::Value *location = object->get("location")) {
    if (!location->getAsString())
      return fail("'location' is not a string");
    rule.location = location->getAsString()->str();
  }
  const llvm::json::Object *config = object->getObject("config");
  if (!config)
    return fail("has no object 'config'");
  Builder builder(context);
  SmallVector<NamedAttribute> entries;
  for (const auto &entry : *config) {
    std::optional<int64_t> number = entry.second.getAsInteger();
    if (!number)
      return fail("config '" + entry.first.str() + "' is not an integer");
    entries.push_back(
        builder.getNamedAttr(StringRef(entry.first), builder.getI64IntegerAttr(*number)));
  }
  rule.config = builder.getDictionaryAttr(entries);
  return rule;
}

bool TuningRule::fits(Operation *candidate, std::optional<int64_t> candidateRows) const {
  if (candidate->getName().stripDialect() != op || (rows && *rows != candidateRows))
    return false;
  if (!location)
    return true;
  auto name = dyn_cast<NameLoc>(candidate->getLoc());
  return name && name.getName() == *location;
}

FailureOr<SmallVector<TuningRule>> cpu::readTuning(StringRef path, Location loc) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return emitError(loc) << "cannot read tuning file '" << path
                          << "': " << buffer.getError().message();
  llvm::Expected<llvm::json::Value> json = llvm::json::parse((*buffer)->getBuffer());
  if (!json)
    return emitError(loc) << "tuning file '" << path << "': " << llvm::toString(json.takeError());
  const llvm::json::Array *array = json->getAsArray();
  if (!array)
    return emitError(loc) << "tuning file '" << path << "' is not an array of rules";
  SmallVector<TuningRule> rules;
  for (const auto &[i, value] : llvm::enumerate(*array)) {
    llvm::Expected<TuningRule> rule = parseRule(value, loc.getContext());
    if (!rule)
      return emitError(loc) << "tuning file '" << path << "', rule " << i << " "
                            << llvm::toString(rule.takeError());
    rules.push_back(std::move(*rule));
  }
  return rules;
}
