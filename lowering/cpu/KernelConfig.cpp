//===- KernelConfig.cpp - the choices that a CPU kernel leaves open -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelConfig.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

llvm::ArrayRef<ConfigField<MatmulConfig>> MatmulConfig::fields() {
  static constexpr ConfigField<MatmulConfig> table[] = {
      {"panels", &MatmulConfig::panels, 1, 64, 1},
      {"rows", &MatmulConfig::rows, 1, 4096, 1},
      {"k_block", &MatmulConfig::kBlock, 16, 8192, 16},
      {"direct_rows", &MatmulConfig::directRows, 1, 4096, 1},
      {"prefetch", &MatmulConfig::prefetch, 0, 65536, 64}};
  return table;
}

llvm::ArrayRef<ConfigField<RowConfig>> RowConfig::fields() {
  static constexpr ConfigField<RowConfig> table[] = {{"rows", &RowConfig::rows, 1, 4096, 1}};
  return table;
}

llvm::ArrayRef<ConfigField<AttentionConfig>> AttentionConfig::fields() {
  static constexpr ConfigField<AttentionConfig> table[] = {
      {"rows", &AttentionConfig::rows, 1, 128, 1}, {"heads", &AttentionConfig::heads, 1, 256, 1}};
  return table;
}

template <typename Config>
LogicalResult cpu::updateConfig(Config &config, DictionaryAttr values, Operation *op) {
  for (NamedAttribute entry : values) {
    StringRef name = entry.getName();
    const auto *field = llvm::find_if(Config::fields(), [&](const ConfigField<Config> &candidate) {
      return candidate.name == name;
    });
    if (field == Config::fields().end()) {
      InFlightDiagnostic error = op->emitOpError() << "config has no '" << name << "'; known are ";
      llvm::interleaveComma(Config::fields(), error,
                            [&](const ConfigField<Config> &known) { error << known.name; });
      return error;
    }
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    if (!value || value.getInt() < field->least || value.getInt() > field->most ||
        value.getInt() % field->multipleOf != 0) {
      InFlightDiagnostic error = op->emitOpError()
                                 << "config '" << name << "' is " << entry.getValue()
                                 << "; it must be an integer from " << field->least << " to "
                                 << field->most;
      if (field->multipleOf > 1)
        error << ", a multiple of " << field->multipleOf;
      return error;
    }
    config.*(field->member) = value.getInt();
  }
  return success();
}

template <typename Config> FailureOr<Config> cpu::readConfig(kernel::LaunchOpInterface op) {
  Config config;
  DictionaryAttr values = op.getConfigAttr();
  if (!values)
    return op->emitOpError("has no config; run configure-cpu-kernels first");
  if (failed(updateConfig(config, values, op)))
    return failure();
  return config;
}

template <typename Config>
DictionaryAttr cpu::toAttribute(const Config &config, MLIRContext *context) {
  Builder builder(context);
  SmallVector<NamedAttribute> entries;
  for (const ConfigField<Config> &field : Config::fields())
    entries.push_back(
        builder.getNamedAttr(field.name, builder.getI64IntegerAttr(config.*(field.member))));
  return builder.getDictionaryAttr(entries);
}

template LogicalResult cpu::updateConfig(MatmulConfig &, DictionaryAttr, Operation *);
template LogicalResult cpu::updateConfig(RowConfig &, DictionaryAttr, Operation *);
template LogicalResult cpu::updateConfig(AttentionConfig &, DictionaryAttr, Operation *);
template FailureOr<MatmulConfig> cpu::readConfig(kernel::LaunchOpInterface);
template FailureOr<RowConfig> cpu::readConfig(kernel::LaunchOpInterface);
template FailureOr<AttentionConfig> cpu::readConfig(kernel::LaunchOpInterface);
template DictionaryAttr cpu::toAttribute(const MatmulConfig &, MLIRContext *);
template DictionaryAttr cpu::toAttribute(const RowConfig &, MLIRContext *);
template DictionaryAttr cpu::toAttribute(const AttentionConfig &, MLIRContext *);
