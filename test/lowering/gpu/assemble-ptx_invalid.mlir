// RUN: not qopt %s --assemble-ptx="ptxas=%t/ptxas" 2>&1 | FileCheck %s
// CHECK: error: assemble-ptx: there is no program '{{.*}}/ptxas'; ptxas=off leaves machine code to the driver
// RUN: not qopt %models/tiny-llama --default-pipeline="targets=ptx ptxas=no-such-ptxas" -o %t.qmod 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: {{.*}}there is no program 'no-such-ptxas'
gpu.module @ptx_sm_80 {
}
