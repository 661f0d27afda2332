// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels --split-input-file --verify-diagnostics
// RUN: not qopt %s --emit-cpu-kernels=level=avx10 --split-input-file 2>&1 | FileCheck %s --check-prefix=LEVEL
// RUN: not qopt %s --emit-cpu-kernels --split-input-file 2>&1 | FileCheck %s --check-prefix=CONFIG

// LEVEL: error: level must be avx512, avx2, or host on a machine that has one of them, not 'avx10'
// CONFIG: error: 'kernel.map' op has no config; run configure-cpu-kernels first

func.func @f(%x: tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %0 = kernel.map %x {offsets = array<i64: 0>, kernel = "sine"} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    // expected-error@+1 {{'math.sin' op has no CPU code; exp, tanh, erf, rsqrt and what compiles to instructions have}}
    %1 = math.sin %a : f32
    kernel.yield %1 : f32
  }
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  // expected-error@+1 {{'kernel.map' op has no kernel name; run name-kernels first}}
  %0 = kernel.map %x {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @f(%x: tensor<?x64xbf16>) attributes {kernel.target = "cpu"} {
  // expected-error@+1 {{'kernel.map' op has no CPU code for 'tensor<?x64xbf16>'; activations are f32 or int8 codes on CPUs}}
  %0 = kernel.map %x {offsets = array<i64: 0>, kernel = "narrow"} : tensor<?x64xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

llm.param @w : tensor<2x64x32xi8>
func.func @f(%x: tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<2x64x32xi8>
  // expected-error@+1 {{'kernel.matmul' op has no CPU code for weights 'tensor<2x64x32xi8>'; f32, bf16 and f16 have}}
  %0 = kernel.matmul %x, %w ways 1 {columns = 64, kernel = "codes"} : tensor<?x64xf32>, tensor<2x64x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}
