// The GPU modules learn which program makes machine code of them; other modules do not.
// RUN: rm -rf %t && mkdir -p %t/bin && cp %S/Inputs/fake_ptxas.sh %t/bin/ptxas
// RUN: qopt %s --assemble-ptx="ptxas=%t/bin/ptxas" | FileCheck %s
// RUN: sh -c 'PATH=%t/bin:$PATH exec qopt %s --assemble-ptx' | FileCheck %s
// RUN: sh -c 'PATH=%t/bin:$PATH exec qopt %s --assemble-ptx=ptxas=auto' | FileCheck %s

// Where there is none, `auto` warns.
// RUN: sh -c 'Q=$(command -v qopt); PATH=%t exec $Q %s --assemble-ptx=ptxas=auto' 2>%t/warning | FileCheck %s --check-prefix=NONE
// RUN: FileCheck %s --check-prefix=WARNING --input-file=%t/warning
// WARNING: warning: there is no ptxas on the PATH: no machine code beside PTX

// CHECK: gpu.module @ptx_sm_80 attributes {kernel.ptxas = "{{.*}}/bin/ptxas"}
// NONE: gpu.module @ptx_sm_80 {
gpu.module @ptx_sm_80 {
  gpu.func @kernel() kernel {
    gpu.return
  }
}
// CHECK: gpu.module @other {
gpu.module @other {
}
