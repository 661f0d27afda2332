//===- LlmInterfaces.td - what linears have in common ----------*- tablegen -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_LLM_LLMINTERFACES_TD
#define QOPT_DIALECTS_LLM_LLMINTERFACES_TD

include "mlir/IR/OpBase.td"

def Llm_LinearInterface : OpInterface<"LinearInterface"> {
  let cppNamespace = "::qopt::llm";
  let description = [{
    `x W^T + b`, whatever W and x are stored as: what passes need to stack and pack parameters without
    knowing which. Parameters have the rows of W, or its panels after `pack-weights`.
  }];
  let methods = [
    InterfaceMethod<"the activation", "::mlir::Value", "getInput">,
    InterfaceMethod<"the parameters that are packed with the weight's ways: first the weight itself, "
                    "then its scales, if it has any", "::mlir::OperandRange", "getWeightOperands">,
    InterfaceMethod<"the bias, or null", "::mlir::Value", "getBiasOperand">,
    InterfaceMethod<"how the rows of the weight are interleaved in panels", "uint64_t", "getWays">,
    InterfaceMethod<"sets how the rows of the weight are interleaved in panels", "void", "setWays",
                    (ins "uint64_t":$ways)>,
    InterfaceMethod<"what the weight operands' names end in, in order, behind the module's name",
                    "::llvm::SmallVector<::llvm::StringRef>", "getWeightSuffixes">
  ];
  let extraSharedClassDeclaration = [{
    /// Whether the parameters are in panels.
    bool isPacked() {
      return ::llvm::cast<::mlir::RankedTensorType>($_op.getWeightOperands()[0].getType()).getRank() > 2;
    }
    /// Weight, scales and bias.
    ::llvm::SmallVector<::mlir::Value, 4> getParameterOperands() {
      ::llvm::SmallVector<::mlir::Value, 4> values($_op.getWeightOperands());
      if (::mlir::Value bias = $_op.getBiasOperand())
        values.push_back(bias);
      return values;
    }
    ::mlir::RankedTensorType getOutputType() {
      return ::llvm::cast<::mlir::RankedTensorType>($_op->getResult(0).getType());
    }
  }];
}

#endif // QOPT_DIALECTS_LLM_LLMINTERFACES_TD
