// RUN: qopt %s -verify-diagnostics --specialize

// expected-note @+1 {{here}}
func.func private @decode()
// expected-error @+1 {{cannot become @decode: there is one}}
func.func @forward(%ids: tensor<?xi32>, %batch: !llm.batch) {
  return
}
