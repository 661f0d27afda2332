//===- LowerMathToPtx.cpp - exp, tanh, erf without a library --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Passes.h"
#include "lowering/gpu/PtxBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <limits>
#include <numbers>

namespace qopt {
#define GEN_PASS_DEF_LOWERMATHTOPTX
#include "lowering/gpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

static Scalar lowerExp(PtxBuilder &b, Scalar x) { return b.exp2(x * b.f32(std::numbers::log2e)); }

static Scalar lowerExp2(PtxBuilder &b, Scalar x) { return b.exp2(x); }

static Scalar lowerRsqrt(PtxBuilder &b, Scalar x) { return b.reciprocalSqrt(x); }

/// `x` with its sign bit cleared, and the sign bit alone.
static std::pair<Scalar, Scalar> splitSign(PtxBuilder &b, Scalar x) {
  Scalar bits = x.bitcast(b.getI32Type());
  return {(bits & 0x7fffffff).bitcast(b.getF32Type()), bits & int64_t(0x80000000)};
}

static Scalar withSign(PtxBuilder &b, Scalar magnitude, Scalar sign) {
  return (magnitude.bitcast(b.getI32Type()) | sign).bitcast(b.getF32Type());
}

/// `1 - 2 / (exp(2 |x|) + 1)`: where exp overflows the quotient is zero.
static Scalar lowerTanh(PtxBuilder &b, Scalar x) {
  auto [magnitude, sign] = splitSign(b, x);
  Scalar exponential = b.exp2(magnitude * b.f32(2 * std::numbers::log2e));
  Scalar quotient = b.reciprocal(exponential + b.f32(1));
  return withSign(b, fma(quotient, b.f32(-2), b.f32(1)), sign);
}

/// Abramowitz and Stegun 7.1.26: `1 - p(t) exp(-x^2)` with `t = 1 / (1 + 0.3275911 |x|)`, within
/// 1.5e-7.
static Scalar lowerErf(PtxBuilder &b, Scalar x) {
  auto [magnitude, sign] = splitSign(b, x);
  Scalar t = b.reciprocal(fma(magnitude, b.f32(0.3275911), b.f32(1)));
  Scalar polynomial = b.f32(1.061405429);
  for (double coefficient : {-1.453152027, 1.421413741, -0.284496736, 0.254829592})
    polynomial = fma(polynomial, t, b.f32(coefficient));
  Scalar exponential = b.exp2(magnitude * magnitude * b.f32(-std::numbers::log2e));
  return withSign(b, b.f32(1) - polynomial * t * exponential, sign);
}

namespace {

using Lowering = Scalar (*)(PtxBuilder &, Scalar);

template <typename Op> struct LowerUnary : OpRewritePattern<Op> {
  LowerUnary(MLIRContext *context, Lowering lowering)
      : OpRewritePattern<Op>(context), lowering(lowering) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    PtxBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, Value(lowering(b, b.wrap(op.getOperand()))));
    return success();
  }

  Lowering lowering;
};

/// `div.full`: within 2 units in the last place over the whole range of divisors, in a few
/// instructions; the exact division is a subroutine.
struct LowerDivision : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::DivFOp op, PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    PtxBuilder b(op.getLoc(), rewriter);
    Value quotient =
        LLVM::CallIntrinsicOp::create(b, op.getType(), b.getStringAttr("llvm.nvvm.div.full.ftz"),
                                      ValueRange{op.getLhs(), op.getRhs()})
            .getResult(0);
    rewriter.replaceOp(op, quotient);
    return success();
  }
};

struct LowerFma : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::FMAOp>(op, op.getA(), op.getB(), op.getC());
    return success();
  }
};

struct LowerMathToPtx : qopt::impl::LowerMathToPtxBase<LowerMathToPtx> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerUnary<math::ExpOp>>(&getContext(), lowerExp);
    patterns.add<LowerUnary<math::Exp2Op>>(&getContext(), lowerExp2);
    patterns.add<LowerUnary<math::RsqrtOp>>(&getContext(), lowerRsqrt);
    patterns.add<LowerUnary<math::TanhOp>>(&getContext(), lowerTanh);
    patterns.add<LowerUnary<math::ErfOp>>(&getContext(), lowerErf);
    patterns.add<LowerDivision, LowerFma>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
