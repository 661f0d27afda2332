//===- Tuning.cpp - rules that override kernel configs --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Tuning.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace qopt::ptx;
using llvm::StringRef;

/// A rule's config: strings and integers.
static FailureOr<DictionaryAttr> readConfig(const llvm::json::Object &object, Builder builder,
                                            llvm::function_ref<InFlightDiagnostic()> error) {
  NamedAttrList config;
  for (const auto &[name, value] : object) {
    if (std::optional<int64_t> number = value.getAsInteger())
      config.append(StringRef(name), builder.getI64IntegerAttr(*number));
    else if (std::optional<StringRef> text = value.getAsString())
      config.append(StringRef(name), builder.getStringAttr(*text));
    else
      return error() << "config entry '" << StringRef(name) << "' must be a number or a string";
  }
  return config.getDictionary(builder.getContext());
}

FailureOr<Tuning> Tuning::read(StringRef path, Location loc) {
  Tuning tuning;
  if (path.empty())
    return tuning;
  auto error = [&] { return emitError(loc) << "tuning file '" << path << "': "; };
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return error() << buffer.getError().message();
  llvm::Expected<llvm::json::Value> json = llvm::json::parse((*buffer)->getBuffer());
  if (!json)
    return error() << llvm::toString(json.takeError());
  const llvm::json::Array *list = json->getAsArray();
  if (!list)
    return error() << "must be an array of rules";
  for (const auto &[i, entry] : llvm::enumerate(*list)) {
    auto ruleError = [&, i = i] { return error() << "rule " << i << ": "; };
    const llvm::json::Object *object = entry.getAsObject();
    const llvm::json::Object *config = object ? object->getObject("config") : nullptr;
    std::optional<StringRef> op = object ? object->getString("op") : std::nullopt;
    if (!config || !op)
      return ruleError() << "must be an object with an \"op\" and a \"config\"";
    Rule rule{op->str(), {}, {}};
    for (const auto &[name, value] : *object) {
      if (StringRef(name) == "op" || StringRef(name) == "config")
        continue;
      std::optional<int64_t> size = value.getAsInteger();
      if (!size)
        return ruleError() << "'" << StringRef(name) << "' must be a number";
      rule.sizes[StringRef(name)] = *size;
    }
    FailureOr<DictionaryAttr> attribute = readConfig(*config, Builder(loc.getContext()), ruleError);
    if (failed(attribute))
      return failure();
    rule.config = *attribute;
    tuning.rules.push_back(std::move(rule));
  }
  return tuning;
}

DictionaryAttr Tuning::find(Operation *op, const llvm::StringMap<int64_t> &sizes) const {
  for (const Rule &rule : rules) {
    bool fits =
        op->getName().getStringRef() == rule.op && llvm::all_of(rule.sizes, [&](const auto &size) {
          auto actual = sizes.find(size.getKey());
          return actual != sizes.end() && actual->second == size.getValue();
        });
    if (fits)
      return rule.config;
  }
  return nullptr;
}
