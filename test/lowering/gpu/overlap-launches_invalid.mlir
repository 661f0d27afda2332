// RUN: qopt %s --overlap-launches -verify-diagnostics

// expected-error@+1 {{cannot compile kernels for chip 'sm_9'; known are sm_80, }}
gpu.module @ptx_sm_9 {
}
