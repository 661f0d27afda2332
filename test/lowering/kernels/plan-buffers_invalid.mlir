// RUN: qopt %s --pass-pipeline='builtin.module(func.func(plan-buffers))' -verify-diagnostics

// expected-error @below {{must return one activation}}
func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) attributes {kernel.target = "cpu"} {
  return
}

// Declarations and functions for no target have no buffers.
func.func private @declared(%ids: tensor<?xi32>) attributes {kernel.target = "cpu"}
func.func @other() {
  return
}
