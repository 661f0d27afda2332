//===- PrintTensorReport.cpp - the report as a table or JSON --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/TensorReport.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <cmath>
#include <fmt/format.h>

using namespace qopt;

static double elementsOf(const TensorReport &tensor) {
  double elements = 1;
  for (int64_t size : tensor.shape)
    elements *= double(size);
  return elements;
}

static double meanBits(const std::vector<TensorReport> &tensors) {
  double bits = 0, elements = 0;
  for (const TensorReport &tensor : tensors) {
    bits += elementsOf(tensor) * tensor.bits;
    elements += elementsOf(tensor);
  }
  return elements > 0 ? bits / elements : 0;
}

static std::string describeTreatment(const TensorReport &tensor) {
  std::string text = tensor.errors ? tensor.scheme + (tensor.isFake ? ", fake" : "")
                                   : "left alone: " + tensor.reason;
  if (!tensor.inputs.empty())
    text += "; inputs " + tensor.inputs;
  if (!tensor.note.empty())
    text += "; " + tensor.note;
  return text;
}

std::string qopt::toTable(const std::vector<TensorReport> &tensors) {
  size_t width = 6;
  for (const TensorReport &tensor : tensors)
    width = std::max(width, tensor.name.size());
  std::string text =
      fmt::format("{:<{}}  {:>14}  {:>6}  {:>10}  {:>10}  {:>7}  {:>10}  {}\n", "tensor", width,
                  "shape", "bits", "mean error", "max error", "SQNR", "product", "scheme");
  for (const TensorReport &tensor : tensors) {
    text += fmt::format("{:<{}}  {:>14}  {:>6.3f}  ", tensor.name, width, formatShape(tensor.shape),
                        tensor.bits);
    if (!tensor.errors)
      text += fmt::format("{:>10}  {:>10}  {:>7}  {:>10}  ", "", "", "", "");
    else
      text +=
          fmt::format("{:>10.3e}  {:>10.3e}  {:>7.2f}  {:>10}  ", tensor.errors->relative,
                      tensor.errors->maximum, tensor.errors->sqnr,
                      tensor.errors->product ? fmt::format("{:.3e}", *tensor.errors->product) : "");
    text += describeTreatment(tensor) + "\n";
  }
  return text +
         fmt::format("\n{:.3f} bits per weight; mean error: mean |x - x^| / mean |x|; SQNR in "
                     "dB; product: max |y - y_ref| / max |y_ref| on the profile's rows\n",
                     meanBits(tensors));
}

/// JSON has no infinity: null stands for that of a lossless tensor's SQNR.
static nlohmann::ordered_json finiteOrNull(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

std::string qopt::toJsonText(const std::vector<TensorReport> &tensors) {
  auto list = nlohmann::ordered_json::array();
  for (const TensorReport &tensor : tensors) {
    nlohmann::ordered_json entry = {
        {"tensor", tensor.name}, {"shape", tensor.shape}, {"bits", tensor.bits}};
    if (tensor.errors) {
      entry["scheme"] = tensor.scheme;
      entry["mode"] = tensor.isFake ? "fake" : "real";
      entry["mean_error"] = tensor.errors->relative;
      entry["mean_difference"] = tensor.errors->mean;
      entry["max_error"] = tensor.errors->maximum;
      entry["relative_max_error"] = tensor.errors->relativeMaximum;
      entry["sqnr_db"] = finiteOrNull(tensor.errors->sqnr);
      if (tensor.errors->product)
        entry["product_error"] = *tensor.errors->product;
    } else {
      entry["left_alone"] = tensor.reason;
    }
    if (!tensor.inputs.empty())
      entry["inputs"] = tensor.inputs;
    if (!tensor.note.empty())
      entry["note"] = tensor.note;
    list.push_back(std::move(entry));
  }
  nlohmann::ordered_json json = {{"bits_per_weight", meanBits(tensors)},
                                 {"tensors", std::move(list)}};
  return json.dump(2) + "\n";
}
