//===- QScheme.cpp - the scheme attribute ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::q;

qopt::Scheme SchemeAttr::toScheme() const {
  qopt::Scheme scheme;
  scheme.storage = qopt::Storage(getStorage());
  scheme.granularity = qopt::Granularity(getGranularity());
  if (DenseI64ArrayAttr block = getBlock()) {
    scheme.blockRows = block[0];
    scheme.blockColumns = block[1];
  }
  scheme.zeroPoint = qopt::ZeroPoint(getZero());
  scheme.divisor = getDivisor().getValueAsDouble();
  scheme.minCode = int32_t(getRange()[0]);
  scheme.maxCode = int32_t(getRange()[1]);
  scheme.rounding = qopt::Rounding(getRounding());
  scheme.arithmetic = qopt::Arithmetic(getArithmetic());
  scheme.scaleType = qopt::ScaleType(getScale());
  scheme.minAmax = getMinAmax().getValueAsDouble();
  scheme.minScale = getMinScale().getValueAsDouble();
  return scheme;
}

SchemeAttr SchemeAttr::get(MLIRContext *context, const qopt::Scheme &scheme) {
  Builder builder(context);
  bool hasBlock = scheme.granularity == qopt::Granularity::Group ||
                  scheme.granularity == qopt::Granularity::Block;
  int64_t blockRows = scheme.granularity == qopt::Granularity::Group ? 1 : scheme.blockRows;
  return get(context, q::Storage(scheme.storage), q::Granularity(scheme.granularity),
             hasBlock ? builder.getDenseI64ArrayAttr({blockRows, scheme.blockColumns})
                      : DenseI64ArrayAttr(),
             q::ZeroPoint(scheme.zeroPoint), builder.getF64FloatAttr(scheme.divisor),
             builder.getDenseI64ArrayAttr({scheme.minCode, scheme.maxCode}),
             q::Rounding(scheme.rounding), q::Arithmetic(scheme.arithmetic),
             q::ScaleType(scheme.scaleType), builder.getF64FloatAttr(scheme.minAmax),
             builder.getF64FloatAttr(scheme.minScale));
}

LogicalResult SchemeAttr::verify(function_ref<InFlightDiagnostic()> emitError, q::Storage storage,
                                 q::Granularity granularity, DenseI64ArrayAttr block,
                                 q::ZeroPoint zero, FloatAttr divisor, DenseI64ArrayAttr range,
                                 q::Rounding, q::Arithmetic, q::ScaleType, FloatAttr, FloatAttr) {
  bool needsBlock = granularity == q::Granularity::Group || granularity == q::Granularity::Block;
  if (needsBlock != bool(block))
    return emitError() << "granularity " << stringifyGranularity(granularity)
                       << (needsBlock ? " needs" : " has no") << " block = [rows, columns]";
  if (block && (block.size() != 2 || block[0] < 1 || block[1] < 1))
    return emitError() << "block must be two positive sizes, [rows, columns]";
  if (granularity == q::Granularity::Group && block[0] != 1)
    return emitError() << "a group lies in one row: block must be [1, columns], not [" << block[0]
                       << ", " << block[1] << "]";
  if (range.size() != 2 || range[0] > range[1])
    return emitError() << "range must be [smallest code, largest code]";
  bool isInteger = storage == q::Storage::Int8 || storage == q::Storage::Int4;
  if (zero != q::ZeroPoint::None && !isInteger)
    return emitError() << stringifyStorage(storage)
                       << " has a sign and no zero point; zero must be symmetric";
  int64_t lowest = storage == q::Storage::Int4 ? -8 : -128;
  int64_t highest = storage == q::Storage::Int4 ? 15 : 255;
  if (isInteger && (range[0] < lowest || range[1] > highest))
    return emitError() << "range [" << range[0] << ", " << range[1] << "] does not fit "
                       << stringifyStorage(storage);
  bool hasScale = storage != q::Storage::BF16 && storage != q::Storage::F16;
  if (hasScale && divisor.getValueAsDouble() <= 0)
    return emitError() << "divisor must be positive, not " << divisor.getValueAsDouble();
  return success();
}

SmallVector<int64_t> SchemeAttr::scaleShape(ArrayRef<int64_t> shape) const {
  auto divide = [](int64_t size, int64_t block) {
    return ShapedType::isDynamic(size) ? size : size / block;
  };
  int64_t rows = shape[0], columns = shape[1];
  switch (getGranularity()) {
  case q::Granularity::Tensor:
    return {1, 1};
  case q::Granularity::Row:
    return {rows, 1};
  case q::Granularity::Group:
  case q::Granularity::Block:
    return {divide(rows, getBlock()[0]), divide(columns, getBlock()[1])};
  }
  llvm_unreachable("unknown granularity");
}

bool SchemeAttr::isByRow() const {
  return getGranularity() == q::Granularity::Row || getGranularity() == q::Granularity::Group;
}

SchemeAttr SchemeAttr::spreadToRows() const {
  qopt::Scheme scheme = toScheme();
  if (scheme.granularity == qopt::Granularity::Tensor)
    scheme.granularity = qopt::Granularity::Row;
  if (scheme.granularity == qopt::Granularity::Block)
    scheme.granularity = qopt::Granularity::Group;
  return get(getContext(), scheme);
}

int64_t SchemeAttr::groupsOf(int64_t columns) const {
  return getGranularity() == q::Granularity::Group ? columns / getBlock()[1] : 1;
}

size_t SchemeAttr::parameterCount() const {
  if (getStorage() == q::Storage::BF16 || getStorage() == q::Storage::F16)
    return 0;
  return getZero() == q::ZeroPoint::None ? 1 : 2;
}

Type SchemeAttr::codeType() const {
  switch (getStorage()) {
  case q::Storage::Int4:
  case q::Storage::Fp4E2M1:
    return IntegerType::get(getContext(), 4);
  case q::Storage::BF16:
    return BFloat16Type::get(getContext());
  case q::Storage::F16:
    return Float16Type::get(getContext());
  case q::Storage::Int8:
  case q::Storage::Fp8E4M3:
  case q::Storage::Fp8E5M2:
    return IntegerType::get(getContext(), 8);
  }
  llvm_unreachable("unknown storage");
}

bool q::multipliesAsIntegers(SchemeAttr weight, SchemeAttr x) {
  return x.getStorage() == q::Storage::Int8 && x.getZero() == q::ZeroPoint::None &&
         (weight.getStorage() == q::Storage::Int8 || weight.getStorage() == q::Storage::Int4);
}

bool q::multipliesAsCodes(SchemeAttr weight, SchemeAttr x) {
  auto isFp8 = [](SchemeAttr scheme) {
    return scheme.getStorage() == q::Storage::Fp8E4M3 || scheme.getStorage() == q::Storage::Fp8E5M2;
  };
  return multipliesAsIntegers(weight, x) || (isFp8(weight) && isFp8(x));
}

std::string q::blockObstacle(SchemeAttr weight, SchemeAttr x, int64_t columns) {
  int64_t weightGroups = weight.groupsOf(columns), xGroups = x.groupsOf(columns);
  if (std::max(weightGroups, xGroups) % std::min(weightGroups, xGroups) == 0)
    return "";
  return "groups of " + std::to_string(columns / weightGroups) + " in the weight and " +
         std::to_string(columns / xGroups) +
         " in its input do not nest: one size must be a multiple of the other";
}

std::string q::integerBlockObstacle(SchemeAttr weight, SchemeAttr x, int64_t columns) {
  /// Beyond, 65536 products of 255 and 128 do not fit.
  constexpr int64_t kMostTerms = 65536;
  if (std::string reason = blockObstacle(weight, x, columns); !reason.empty())
    return reason;
  int64_t blocks = std::max(weight.groupsOf(columns), x.groupsOf(columns)), size = columns / blocks;
  if (blocks > 1 && size % 4 != 0)
    return "integer products take four codes at once: groups of " + std::to_string(size) +
           " are no multiple";
  if (size > kMostTerms)
    return "integer sums of " + std::to_string(size) +
           " products do not fit 32 bits: granularity group, of up to " +
           std::to_string(kMostTerms) + ", does";
  return "";
}
