// The format of a layer's keys and values is an attribute of its cache; later rules win.
// RUN: qopt %s --compress-kv="type=int8 granularity=token_head" 2>%t.err | FileCheck %s --check-prefix=INT8
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: qopt %s --compress-kv="k=int8 v=int4 group=32" --compress-kv="layers=1-2 k=f16 v=f16" | FileCheck %s --check-prefix=MIX
// RUN: qopt %s --compress-kv="type=int4 asymmetric=true rotate=hadamard layers=0" | FileCheck %s --check-prefix=ROTATE
// RUN: qopt %s --compress-kv="k=int8 v=int2 asymmetric=true search=true group=32" | FileCheck %s --check-prefix=SEARCH
// RUN: qopt %s --compress-kv="k=fp8_e4m3" --compress-kv="v=fp8_e5m2 layers=2" | FileCheck %s --check-prefix=PARTS
// RUN: qopt %s --compress-kv="mode=turbo m1=8 m2=6 table=lloyd_max rotate=hadamard" | FileCheck %s --check-prefix=TURBO
// RUN: qopt %s --compress-kv="mode=turboquant bits=3 seed=9" | FileCheck %s --check-prefix=TURBOQUANT
// RUN: qopt %s --compress-kv="mode=kivi bits=2" --compress-kv="mode=kivi group=64 residual=64 layers=2" | FileCheck %s --check-prefix=KIVI
// RUN: qopt %s --compress-kv="mode=flashq bits=2" --compress-kv="mode=flashq group=128 layers=2" | FileCheck %s --check-prefix=FLASHQ
// RUN: qopt %s --compress-kv="k=int4 v=int8 before_rope=true" --compress-kv="mode=kivi before_rope=true layers=2" | FileCheck %s --check-prefix=BEFORE
// RUN: qopt %s --compress-kv="type=int8" --compress-kv="type=native" | FileCheck %s --check-prefix=NATIVE

// INT8: llm.cache @layers.0 {{.*}}k = "int8"{{.*}}v = "int8"
// INT8: llm.cache @layers.1 {{.*}}k = "int8"{{.*}}v = "int8"
// INT8: llm.cache @layers.2 {{.*}}k = "int8"{{.*}}v = "int8"
// REMARK: remark: {{.*}}compress-kv: keys int8; values int8; rotation none; 3 of 3 layers

// MIX: llm.cache @layers.0 {{.*}}k = "int8 group=32"{{.*}}v = "int4 group=32"
// MIX: llm.cache @layers.1 {{.*}}k = "f16"{{.*}}v = "f16"
// MIX: llm.cache @layers.2 {{.*}}k = "f16"{{.*}}v = "f16"

// ROTATE: llm.cache @layers.0 {{.*}}k = "int4 asymmetric hadamard=1"{{.*}}v = "int4 asymmetric hadamard=1"
// ROTATE: llm.cache @layers.1 {{.*}}k = "native"{{.*}}v = "native"

// SEARCH: llm.cache @layers.0 {{.*}}k = "int8 asymmetric group=32"{{.*}}v = "int2 asymmetric search group=32"

// PARTS: llm.cache @layers.0 {{.*}}k = "fp8_e4m3"{{.*}}v = "native"
// PARTS: llm.cache @layers.2 {{.*}}k = "fp8_e4m3"{{.*}}v = "fp8_e5m2"

// TURBO: llm.cache @layers.0 {{.*}}k = "lloyd_max6 scales=8:9.094947017729282e-13:1.189207115002721 hadamard=1"
// TURBOQUANT: llm.cache @layers.0 {{.*}}k = "lloyd_max3 hadamard=9"{{.*}}v = "lloyd_max3 hadamard=9"
// KIVI: llm.cache @layers.1 {{.*}}k = "int2 asymmetric channels group=32 residual=128"{{.*}}v = "int2 asymmetric group=32 residual=128"
// KIVI: llm.cache @layers.2 {{.*}}k = "int4 asymmetric channels group=64 residual=64"{{.*}}v = "int4 asymmetric group=64 residual=64"
// FLASHQ: llm.cache @layers.1 {{.*}}k = "int2 asymmetric channels progressive group=64 residual=64"{{.*}}v = "int2 asymmetric channels progressive group=64 residual=64"
// FLASHQ: llm.cache @layers.2 {{.*}}k = "int4 asymmetric channels progressive group=128 residual=128"{{.*}}v = "int4 asymmetric channels progressive group=128 residual=128"
// BEFORE: llm.cache @layers.1 {{.*}}k = "int4 before_rope"{{.*}}v = "int8"
// BEFORE: llm.cache @layers.2 {{.*}}k = "int4 asymmetric channels group=32 residual=128 before_rope"{{.*}}v = "int4 asymmetric group=32 residual=128"
// NATIVE-NOT: int8

llm.cache @layers.0 {kv_heads = 2, head_dim = 64, k = "native", v = "native"}
llm.cache @layers.1 {kv_heads = 2, head_dim = 64, k = "native", v = "native"}
llm.cache @layers.2 {kv_heads = 2, head_dim = 64, k = "native", v = "native"}
