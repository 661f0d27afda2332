//===- Q.cpp - the quantization dialect -----------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qopt::q;

#include "dialects/q/QDialect.cpp.inc"
#include "dialects/q/QEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/q/QAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/q/QOps.cpp.inc"

namespace {
/// Prints schemes as `#int8_row`: a module has few of them and thousands of uses.
struct SchemeAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    auto scheme = dyn_cast<SchemeAttr>(attribute);
    if (!scheme)
      return AliasResult::NoAlias;
    os << stringifyStorage(scheme.getStorage()) << '_'
       << stringifyGranularity(scheme.getGranularity());
    return AliasResult::FinalAlias;
  }
};
} // namespace

void QDialect::initialize() {
  addInterfaces<SchemeAliases>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/q/QAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/q/QOps.cpp.inc"
      >();
}
