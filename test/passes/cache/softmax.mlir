// The exponential of attention over the selected caches, approximated and exact again.
// RUN: qopt %s --compress-kv="softmax=sas degree=2 layers=1" 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// REMARK: remark: {{.*}}compress-kv: rotation none; softmax sas threshold=6 degree=2; 1 of 2 layers
// RUN: qopt %s --compress-kv="type=int8 softmax=sas threshold=5" --compress-kv="softmax=exact layers=0" | FileCheck %s --check-prefix=EXACT
// CHECK: llm.attention {{.*}} over @layers.0 {heads = 2 : i64, scale = 5.000000e-01 : f64}
// CHECK: llm.attention {{.*}} over @layers.1 {{.*}}softmax = #llm.sas<threshold = 6.000000e+00 : f64, degree = 2>
// EXACT: llm.cache @layers.0 {{.*}}k = "int8"
// EXACT: llm.attention {{.*}} over @layers.0 {heads = 2 : i64, scale = 5.000000e-01 : f64}
// EXACT: llm.attention {{.*}} over @layers.1 {{.*}}softmax = #llm.sas<threshold = 5.000000e+00 : f64, degree = 3>
llm.cache @layers.0 {kv_heads = 1, head_dim = 64, k = "native", v = "native"}
llm.cache @layers.1 {kv_heads = 1, head_dim = 64, k = "native", v = "native"}
func.func @f(%q: tensor<?x128xf32>, %batch: !llm.batch) -> tensor<?x128xf32> {
  %0 = llm.attention %q, %batch over @layers.0 {heads = 2, scale = 0.5} : tensor<?x128xf32>
  %1 = llm.attention %0, %batch over @layers.1 {heads = 2, scale = 0.5} : tensor<?x128xf32>
  return %1 : tensor<?x128xf32>
}
