//===- LloydMax.cpp - optimal codes of a Gaussian -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/LloydMax.h"

#include <cmath>
#include <numbers>

using namespace qopt;

/// Density of a unit Gaussian; 0 at infinity.
static double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

/// The share of a unit Gaussian above x.
static double tail(double x) { return std::erfc(x / std::numbers::sqrt2) / 2; }

/// Where companding by the cube root of the density (Panter & Dite 1951) puts the points: quantiles
/// of a Gaussian with variance 3.
static double initialPoint(double share) {
  double low = 0, high = 12;
  for (int i = 0; i < 60; ++i) {
    double middle = (low + high) / 2;
    (tail(middle / std::numbers::sqrt3) > 1 - share ? low : high) = middle;
  }
  return low;
}

/// One step of Lloyd's: every point to the mean of what is nearest to it.
static void iterate(std::vector<double> &points) {
  double below = 0;
  for (size_t k = 0; k < points.size(); ++k) {
    bool isLast = k + 1 == points.size();
    double above = isLast ? INFINITY : (points[k] + points[k + 1]) / 2;
    double mass = tail(below) - tail(above);
    points[k] = (density(below) - density(above)) / mass;
    below = above;
  }
}

/// One Newton step on `c_k P_k - M_k = 0`, P and M the mass and first moment of a Gaussian between
/// the borders of point k; the Jacobian has three diagonals. Returns the largest change.
static double improve(std::vector<double> &points) {
  size_t n = points.size();
  std::vector<double> upper(n), residual(n);
  double below = 0; // the border under the first positive point
  for (size_t k = 0; k < n; ++k) {
    bool isLast = k + 1 == n;
    double above = isLast ? INFINITY : (points[k] + points[k + 1]) / 2;
    double mass = tail(below) - (isLast ? 0 : tail(above));
    double atBelow = density(below), atAbove = isLast ? 0 : density(above);
    double toAbove = isLast ? 0 : (points[k] - above) * atAbove / 2;
    double toBelow = k == 0 ? 0 : -(points[k] - below) * atBelow / 2;
    double diagonal = mass + toAbove + toBelow;
    residual[k] = points[k] * mass - (atBelow - atAbove);
    // Thomas's elimination.
    if (k > 0) {
      diagonal -= toBelow * upper[k - 1];
      residual[k] -= toBelow * residual[k - 1];
    }
    upper[k] = toAbove / diagonal;
    residual[k] /= diagonal;
    below = above;
  }
  double change = 0;
  for (size_t k = n; k-- > 0;) {
    if (k + 1 < n)
      residual[k] -= upper[k] * residual[k + 1];
    points[k] -= residual[k];
    change = std::max(change, std::abs(residual[k]));
  }
  return change;
}

std::vector<double> qopt::lloydMaxPoints(int64_t bits) {
  size_t half = size_t(1) << (bits - 1);
  std::vector<double> positive(half);
  for (size_t k = 0; k < half; ++k)
    positive[k] = initialPoint(0.5 + (double(k) + 0.5) / double(2 * half));
  // Newton's method needs a start that is close.
  for (int step = 0; step < 300; ++step)
    iterate(positive);
  for (int step = 0; step < 50 && improve(positive) > 1e-14; ++step) {
  }
  std::vector<double> points;
  for (size_t k = half; k-- > 0;)
    points.push_back(-positive[k]);
  points.insert(points.end(), positive.begin(), positive.end());
  return points;
}

std::vector<double> qopt::uniformPoints(int64_t bits) {
  int64_t count = int64_t(1) << bits;
  std::vector<double> points;
  for (int64_t k = 0; k < count; ++k)
    points.push_back(double(2 * k - (count - 1)) / double(count - 1));
  return points;
}
