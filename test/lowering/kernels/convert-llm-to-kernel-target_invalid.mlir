// RUN: not qopt %s --convert-llm-to-kernel=target=tpu 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not qopt %s --convert-llm-to-kernel=operand-type=f8 2>&1 | FileCheck %s --check-prefix=TYPE
// TARGET: error: unknown target 'tpu'; cpu and ptx exist
// TYPE: error: unknown operand type 'f8'; f32 and bf16 exist
