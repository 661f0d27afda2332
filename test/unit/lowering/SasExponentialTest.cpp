//===- SasExponentialTest.cpp - an exponential in two parts ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/ExponentialFit.h"
#include "test/unit/lowering/KernelTestSupport.h"
#include <cmath>

using namespace qopt;
using namespace qopt::test;

namespace {

/// The coefficients of TurboAttention, which are the least-squares fit.
TEST(SasExponentialTest, TheFitOfDegreeThreeIsThatOfThePaper) {
  const double expected[] = {0.99961, -0.99205, 0.46247, -0.10250};
  llvm::SmallVector<double> coefficients = kernel::fitExponential(3);
  ASSERT_EQ(coefficients.size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(coefficients[i], expected[i], 6e-6);
}

/// Residuals of a least-squares fit are orthogonal to what it is made of.
TEST(SasExponentialTest, ResidualsAreOrthogonal) {
  for (int64_t degree = 1; degree <= 5; ++degree) {
    llvm::SmallVector<double> coefficients = kernel::fitExponential(degree);
    constexpr int kSteps = 20000;
    for (int64_t power = 0; power <= degree; ++power) {
      double sum = 0;
      for (int i = 0; i < kSteps; ++i) {
        const double t = (i + 0.5) / kSteps;
        double fit = 0;
        for (int64_t k = degree; k >= 0; --k)
          fit = fit * t + coefficients[k];
        sum += (fit - std::exp(-t)) * std::pow(t, double(power)) / kSteps;
      }
      EXPECT_NEAR(sum, 0, 1e-8) << "degree " << degree << ", power " << power;
    }
  }
}

class SasAttentionTest : public CpuLevels {};

/// One token after another sees scores at set distances from the greatest; values name the tokens.
TEST_P(SasAttentionTest, WeightsAreThoseOfTheTwoParts) {
  constexpr int64_t dim = 16, tokens = 16;
  CompiledKernels kernels(R"(
    llm.cache @layer {kv_heads = 1, head_dim = 16, k = "native", v = "native"}
    func.func @f(%q: tensor<?x16xf32>) attributes {kernel.target = "cpu"} {
      %0 = kernel.attention %q over @layer {heads = 1, scale = 1.0, softmax = #llm.sas<threshold = 6.0, degree = 3>, kernel = "attention"}
          : tensor<?x16xf32> -> tensor<?x16xf32>
      return
    })",
                          GetParam());
  Buffer<float> keys(dim * 128), values(128 * dim), q(strideOf(dim)), y(strideOf(dim));
  q[0] = 1;
  // Token t is 0.45 t below the first: the 14th and later are beyond 6.
  for (int64_t t = 0; t < tokens; ++t) {
    keys[t] = float(2 - 0.45 * double(t));
    values[t * dim + t] = 1;
  }
  Buffer<int32_t> seqStart(2), past(1, tokens - 1), tokenSeq(1), tokenPos(1, tokens - 1), table(1);
  seqStart[1] = 1;
  kernels.run("attention",
              {q.address(), y.address(), keys.address(), values.address(), seqStart.address(),
               past.address(), tokenSeq.address(), tokenPos.address(), table.address(), 1, 1, 1},
              1);
  const llvm::SmallVector<double> fit = kernel::fitExponential(3);
  double weights[tokens], sum = 0;
  for (int64_t t = 0; t < tokens; ++t) {
    const double x = double(keys[0]) - double(keys[t]), rest = x - std::floor(x);
    const double power = fit[0] + rest * (fit[1] + rest * (fit[2] + rest * fit[3]));
    weights[t] = x > 6 ? 0 : std::exp(-std::floor(x)) * power;
    sum += weights[t];
  }
  for (int64_t t = 0; t < tokens; ++t)
    EXPECT_NEAR(y[t], weights[t] / sum, 2e-6) << "token " << t;
  EXPECT_EQ(y[14], 0);
  EXPECT_GT(y[13], 0);
}

} // namespace

INSTANTIATE_CPU_LEVELS(SasAttentionTest);
