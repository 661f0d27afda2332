//===- ExponentialFit.cpp - the polynomial of SAS -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/ExponentialFit.h"
#include <cmath>

using namespace qopt;
using llvm::SmallVector;

/// Projects on the Legendre polynomials of [0, 1], P_n(t) = sum over k of
/// (-1)^(n+k) C(n, k) C(n + k, k) t^k, whose squares have the integrals 1 / (2n + 1).
SmallVector<double> kernel::fitExponential(int64_t degree) {
  // Integrals of t^k e^-t: M_0 = 1 - 1/e, M_k = k M_(k-1) - 1/e.
  SmallVector<double> moments = {1 - std::exp(-1.0)};
  for (int64_t k = 1; k <= degree; ++k)
    moments.push_back(double(k) * moments.back() - std::exp(-1.0));
  auto choose = [](int64_t n, int64_t k) {
    double result = 1;
    for (int64_t i = 1; i <= k; ++i)
      result = result * double(n - k + i) / double(i);
    return result;
  };
  SmallVector<double> coefficients(degree + 1, 0);
  for (int64_t n = 0; n <= degree; ++n) {
    SmallVector<double> legendre;
    double product = 0;
    for (int64_t k = 0; k <= n; ++k) {
      legendre.push_back(((n + k) % 2 ? -1 : 1) * choose(n, k) * choose(n + k, k));
      product += legendre[k] * moments[k];
    }
    for (int64_t k = 0; k <= n; ++k)
      coefficients[k] += double(2 * n + 1) * product * legendre[k];
  }
  return coefficients;
}
