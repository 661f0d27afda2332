// RUN: qopt %s --add-score -split-input-file -verify-diagnostics

// expected-error@+1 {{must return logits, rows of f32, to be scored}}
func.func @prefill_head.ptx(%h: tensor<?x512xbf16>) -> tensor<?x512xbf16> attributes {kernel.target = "ptx"} {
  return %h : tensor<?x512xbf16>
}
