//===- QVerifiers.cpp - schemes against shapes ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"
#include "runtime/quantization/GgmlScheme.h"

using namespace mlir;
using namespace qopt::q;

/// Checks the relation of values, codes and parameters that both ops share.
static LogicalResult verifyQuantization(Operation *op, SchemeAttr scheme, RankedTensorType values,
                                        RankedTensorType codes, TypeRange parameters) {
  size_t expected = scheme.parameterCount();
  bool hasScale = expected > 0;
  if (values.getRank() != 2 && (hasScale || values.getRank() != 1))
    return op->emitOpError() << "quantizes matrices [rows, columns], not " << values;
  if (values.getShape() != codes.getShape())
    return op->emitOpError() << "codes " << codes << " must have the shape of the values "
                             << values;
  if (codes.getElementType() != scheme.codeType())
    return op->emitOpError() << stringifyStorage(scheme.getStorage()) << " is stored as "
                             << scheme.codeType() << ", not " << codes.getElementType();
  if (DenseI64ArrayAttr block = scheme.getBlock())
    for (auto [size, part, what] : llvm::zip_equal(values.getShape(), block.asArrayRef(),
                                                   ArrayRef<StringRef>{"rows", "columns"}))
      if (!ShapedType::isDynamic(size) && size % part != 0)
        return op->emitOpError() << "block of " << part << " " << what << " does not divide "
                                 << size;
  if (parameters.size() != expected)
    return op->emitOpError() << "needs " << expected << " parameter tensors (scales"
                             << (expected == 2 ? " and zeros" : "") << ") for its scheme, has "
                             << parameters.size();
  if (!hasScale)
    return success();
  if (scheme.getArithmetic() == Arithmetic::Ggml || scheme.getScale() == ScaleType::F16Multiple) {
    std::optional<qopt::GgmlType> type = qopt::ggmlTypeOf(scheme.toScheme());
    if (!type)
      return op->emitOpError("has a scheme of none of ggml's types, whose arithmetic or scales it "
                             "names");
    int64_t elements = qopt::ggmlTraits(*type).blockElements;
    if (!values.hasStaticShape() || values.getDimSize(1) % elements != 0)
      return op->emitOpError() << qopt::ggmlTraits(*type).name.data() << " has blocks of "
                               << elements << " in the rows of a weight, not in " << values;
  }
  SmallVector<int64_t> shape = scheme.scaleShape(values.getShape());
  auto wanted = RankedTensorType::get(shape, Float32Type::get(op->getContext()));
  for (Type type : parameters)
    if (type != wanted)
      return op->emitOpError() << "scales of " << values << " must be " << wanted << ", not "
                               << type;
  return success();
}

LogicalResult QuantizeOp::verify() {
  auto values = cast<RankedTensorType>(getValues().getType());
  auto codes = cast<RankedTensorType>(getCodes().getType());
  if (!getScale())
    return verifyQuantization(*this, getScheme(), values, codes, getParameters().getTypes());
  if (getScheme().getGranularity() != Granularity::Tensor || getScheme().parameterCount() != 1)
    return emitOpError("a given scale needs a symmetric scheme by tensor");
  if (!getParameters().empty())
    return emitOpError("a scale is given or computed, not both");
  return verifyQuantization(*this, getScheme(), values, codes, getScale().getType());
}

LogicalResult DequantizeOp::verify() {
  return verifyQuantization(*this, getScheme(), cast<RankedTensorType>(getValues().getType()),
                            cast<RankedTensorType>(getCodes().getType()),
                            getParameters().getTypes());
}

LogicalResult ObserveOp::verify() {
  if (cast<RankedTensorType>(getValues().getType()).getRank() != 2)
    return emitOpError() << "observes matrices [rows, channels], not " << getValues().getType();
  if (getWeights().empty())
    return emitOpError("needs the name of a weight that reads the values");
  return success();
}
