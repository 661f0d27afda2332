//===- CompileToPtxTest.cpp - versions, chips and diagnostics -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CompileToPtx.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using testing::HasSubstr;

namespace {

constexpr const char *kModule = R"mlir(
gpu.module @ptx_sm_80 {
  gpu.func @scale(%p: !llvm.ptr<1>, %n: i64) kernel {
    %i = nvvm.read.ptx.sreg.tid.x : i32
    %p1 = llvm.getelementptr %p[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %x = llvm.load %p1 : !llvm.ptr<1> -> f32
    %y = math.exp %x : f32
    llvm.store %y, %p1 : f32, !llvm.ptr<1>
    gpu.return
  }
}
)mlir";

class CompileToPtxTest : public testing::Test {
protected:
  CompileToPtxTest() : handler(&context, [this](Diagnostic &d) { error += d.str() + "\n"; }) {
    DialectRegistry registry;
    qopt::registerPtxDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(kModule, &context);
  }

  std::string compile(llvm::StringRef chip, unsigned ptxVersion = 0) {
    FailureOr<std::string> ptx =
        qopt::compileToPtx(*module->getOps<gpu::GPUModuleOp>().begin(), chip, ptxVersion);
    return succeeded(ptx) ? *ptx : "";
  }

  MLIRContext context{MLIRContext::Threading::DISABLED};
  std::string error;
  ScopedDiagnosticHandler handler;
  OwningOpRef<ModuleOp> module;
};

TEST_F(CompileToPtxTest, usesTheLowestVersionThatKnowsTheChip) {
  EXPECT_THAT(compile("sm_80"),
              testing::AllOf(HasSubstr(".version 7.0\n"), HasSubstr(".target sm_80\n"),
                             HasSubstr(".visible .entry scale("), HasSubstr("ex2.approx.ftz.f32")));
  EXPECT_THAT(compile("sm_90"), HasSubstr(".version 7.8\n"));
  EXPECT_THAT(compile("sm_100"), HasSubstr(".version 8.6\n"));
}

TEST_F(CompileToPtxTest, takesAHigherVersion) {
  EXPECT_THAT(compile("sm_80", 83), HasSubstr(".version 8.3\n"));
}

TEST_F(CompileToPtxTest, refusesALowerVersion) {
  EXPECT_EQ(compile("sm_90", 70), "");
  EXPECT_THAT(error, HasSubstr("the kernels need PTX 7.8 on sm_90, not 7.0"));
}

TEST_F(CompileToPtxTest, refusesAnUnknownChip) {
  EXPECT_EQ(compile("sm_75"), "");
  EXPECT_THAT(error, HasSubstr("cannot compile kernels for chip 'sm_75'; known are sm_80, "));
}

TEST_F(CompileToPtxTest, leavesTheModuleAndGivesTheSameTextAgain) {
  std::string before, after;
  llvm::raw_string_ostream(before) << *module;
  std::string ptx = compile("sm_80");
  EXPECT_FALSE(ptx.empty());
  EXPECT_EQ(compile("sm_80"), ptx);
  llvm::raw_string_ostream(after) << *module;
  EXPECT_EQ(before, after);
}

} // namespace
