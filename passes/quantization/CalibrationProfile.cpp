//===- CalibrationProfile.cpp - a profile of this model -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/CalibrationProfile.h"
#include "dialects/llm/Llm.h"
#include "dialects/q/Q.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "passes/quantization/ModelHash.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

static Profile openChecked(const std::string &path, const std::string &hash) {
  Profile profile(path);
  if (profile.origin().tokens < kLeastCalibrationTokens)
    fail("{}: recorded over {} tokens, too few to calibrate with; qrun calibrate --tokens {} or "
         "more",
         path, profile.origin().tokens, kLeastCalibrationTokens);
  if (profile.origin().modelHash != hash)
    fail("{}: recorded from another model ({}; this one is {}): calibrate what --instrument makes "
         "of "
         "the model as it is here",
         path, quote(profile.origin().modelHash), hash);
  return profile;
}

bool qopt::isObserved(mlir::ModuleOp module) {
  return module.walk([](q::ObserveOp) { return mlir::WalkResult::interrupt(); }).wasInterrupted();
}

/// That of the model as it is here; of one that observes, that of what --instrument saw, since the
/// default pipeline may have packed parameters of it.
static std::string hashOf(mlir::ModuleOp module) {
  auto instrumented = module->getAttrOfType<mlir::StringAttr>(llm::kModelHashAttr);
  return instrumented && isObserved(module) ? instrumented.str() : hashModel(module);
}

Profile qopt::openProfile(const std::string &path, mlir::ModuleOp module) {
  return openChecked(path, hashOf(module));
}

Profile qopt::openProfileOfOriginal(const std::string &path, mlir::ModuleOp module) {
  auto original = module->getAttrOfType<mlir::StringAttr>(llm::kModelHashAttr);
  return openChecked(path, original ? original.str() : hashModel(module));
}
