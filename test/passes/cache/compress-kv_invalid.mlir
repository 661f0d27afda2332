// One clear error for each mistake.
// RUN: not qopt %s --compress-kv="mode=turbos" 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: error: {{.*}}compress-kv: unknown mode 'turbos'; type, turbo, turboquant, kivi, flashq and auto are known
// RUN: not qopt %s --compress-kv="type=int5" 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: {{.*}}unknown cache format 'int5'
// RUN: not qopt %s --compress-kv="type=uniform4" 2>&1 | FileCheck %s --check-prefix=TABLETYPE
// TABLETYPE: error: {{.*}}compress-kv: unknown type 'uniform4'
// RUN: not qopt %s --compress-kv="layers=0" 2>&1 | FileCheck %s --check-prefix=NOTYPE
// NOTYPE: error: {{.*}}compress-kv: which type?
// RUN: not qopt %s --compress-kv="k=int8 layers=7" 2>&1 | FileCheck %s --check-prefix=LAYERS
// LAYERS: error: {{.*}}compress-kv: the rule layers='7' matches no layer; the model has 0 to 0
// RUN: not qopt %s --compress-kv="k=int8 layers=x" 2>&1 | FileCheck %s --check-prefix=RANGE
// RANGE: error: {{.*}}compress-kv: layers='x': 'x' is no layer number or range
// RUN: not qopt %s --compress-kv="type=int4 group=48" 2>&1 | FileCheck %s --check-prefix=GROUP
// GROUP: error: {{.*}}groups of 48 keys do not fit int4 heads of 80 elements; 16, 80 do
// RUN: not qopt %s --compress-kv="type=int4 rotate=hadamard" 2>&1 | FileCheck %s --check-prefix=ROTATE
// ROTATE: error: {{.*}}heads of 80 elements cannot be rotated: the Hadamard transform is of powers of two, and kernels have 16 to 256
// RUN: not qopt %s --compress-kv="type=int8 static" 2>&1 | FileCheck %s --check-prefix=STATIC
// STATIC: error: {{.*}}compress-kv: static scales come from a profile: profile=FILE, from qrun calibrate
// RUN: not qopt %s --compress-kv="type=int4 static profile=x" 2>&1 | FileCheck %s --check-prefix=STATICTYPE
// STATICTYPE: error: {{.*}}compress-kv: static scales are of int8, not of int4
// RUN: not qopt %s --compress-kv="type=int8 static profile=%t.absent" 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: error: {{.*}}absent
// RUN: not qopt %s --compress-kv="mode=turbo m1=9" 2>&1 | FileCheck %s --check-prefix=M1
// M1: error: {{.*}}compress-kv: m1=9 and m2=8: scales have 3 to 8 bits and elements 2 to 8
// RUN: not qopt %s --compress-kv="mode=turbo m2=1" 2>&1 | FileCheck %s --check-prefix=M2
// M2: error: {{.*}}compress-kv: m1=8 and m2=1
// RUN: not qopt %s --compress-kv="mode=turbo m1=6" 2>&1 | FileCheck %s --check-prefix=M1PROFILE
// M1PROFILE: error: {{.*}}a table of 64 scales begins at the least of each layer: m1=6 needs a profile
// RUN: not qopt %s --compress-kv="mode=turbo table=log" 2>&1 | FileCheck %s --check-prefix=TABLE
// TABLE: error: {{.*}}unknown table 'log'; uniform and lloyd_max are known
// RUN: not qopt %s --compress-kv="mode=turbo ratio=1" 2>&1 | FileCheck %s --check-prefix=RATIO
// RATIO: error: {{.*}}ratio=1: from one scale to the next is a step up, above 1
// RUN: not qopt %s --compress-kv="mode=turboquant bits=5" 2>&1 | FileCheck %s --check-prefix=BITS
// BITS: error: {{.*}}bits=5: TurboQuant's codes have 2 to 4
// RUN: not qopt %s --compress-kv="type=int8 bits=4" 2>&1 | FileCheck %s --check-prefix=TYPEBITS
// TYPEBITS: error: {{.*}}bits is an option of the modes turboquant, kivi, flashq and auto
// RUN: not qopt %s --compress-kv="mode=turboquant m2=5" 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: {{.*}}m2 is an option of mode=turbo
// RUN: not qopt %s --compress-kv="softmax=fast" 2>&1 | FileCheck %s --check-prefix=SOFTMAX
// SOFTMAX: error: {{.*}}unknown softmax 'fast'; exact and sas are known
// RUN: not qopt %s --compress-kv="softmax=sas degree=9" 2>&1 | FileCheck %s --check-prefix=DEGREE
// DEGREE: error: {{.*}}threshold=6 and degree=9: SAS has thresholds up to 15 and degrees 1 to 5
// RUN: not qopt %s --compress-kv="type=int8 threshold=4" 2>&1 | FileCheck %s --check-prefix=THRESHOLD
// THRESHOLD: error: {{.*}}threshold is an option of softmax=sas
// RUN: not qopt %s --compress-kv="mode=kivi bits=3" 2>&1 | FileCheck %s --check-prefix=KIVIBITS
// KIVIBITS: error: {{.*}}bits=3: KIVI's codes have 2 or 4
// RUN: not qopt %s --compress-kv="mode=kivi type=int8" 2>&1 | FileCheck %s --check-prefix=KIVITYPE
// KIVITYPE: error: {{.*}}options of mode=kivi are bits, group, residual, before_rope and layers
// RUN: not qopt %s --compress-kv="mode=flashq bits=3" 2>&1 | FileCheck %s --check-prefix=FLASHQBITS
// FLASHQBITS: error: {{.*}}bits=3: flashq's codes have 2 or 4
// RUN: not qopt %s --compress-kv="mode=flashq rotate=hadamard" 2>&1 | FileCheck %s --check-prefix=FLASHQROTATE
// FLASHQROTATE: error: {{.*}}options of mode=flashq are bits, group, before_rope and layers
// RUN: not qopt %s --compress-kv="mode=flashq residual=64" 2>&1 | FileCheck %s --check-prefix=NOTKIVI
// RUN: not qopt %s --compress-kv="mode=flashq group=48" 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: {{.*}}groups of 48 tokens do not fit pages of 128; 16, 32, 64 and 128 do
// RUN: not qopt %s --compress-kv="v=int8 before_rope=true" 2>&1 | FileCheck %s --check-prefix=BEFOREVALUES
// BEFOREVALUES: error: {{.*}}before_rope is an option of rules that code keys
// RUN: not qopt %s --compress-kv="type=int8 static profile=x before_rope=true" 2>&1 | FileCheck %s --check-prefix=BEFOREPROFILE
// BEFOREPROFILE: error: {{.*}}a profile knows keys as they are after their rotary embedding: before_rope goes with scales of each token, or a table of m1=8 bits
// RUN: not qopt %s --compress-kv="mode=auto bits=5 profile=x before_rope=true" 2>&1 | FileCheck %s --check-prefix=ITSELF
// RUN: not qopt %s --compress-kv="mode=kivi residual=200" 2>&1 | FileCheck %s --check-prefix=RESIDUAL
// RESIDUAL: error: {{.*}}a window holds the newest 1 to 128 tokens
// RUN: not qopt %s --compress-kv="mode=kivi residual=48" 2>&1 | FileCheck %s --check-prefix=WHOLE
// WHOLE: error: {{.*}}a window of 48 tokens is no whole groups of 32
// RUN: not qopt %s --compress-kv="mode=kivi" 2>&1 | FileCheck %s --check-prefix=KIVIGROUP
// KIVIGROUP: error: {{.*}}groups of 32 values do not fit int4 heads of 80 elements; 16, 80 do
// RUN: not qopt %s --compress-kv="type=int4 residual=32" 2>&1 | FileCheck %s --check-prefix=NOTKIVI
// NOTKIVI: error: {{.*}}residual is an option of mode=kivi
// RUN: not qopt %s --compress-kv="type=int8 search=true" 2>&1 | FileCheck %s --check-prefix=SEARCH
// RUN: not qopt %s --compress-kv="mode=turboquant search=true" 2>&1 | FileCheck %s --check-prefix=SEARCH
// SEARCH: error: {{.*}}search is an option of int4 and int2
// RUN: not qopt %s --compress-kv="type=int8 granularity=channel" 2>&1 | FileCheck %s --check-prefix=GRANULARITY
// GRANULARITY: error: {{.*}}unknown granularity 'channel'; token_head is known
// RUN: not qopt %s --compress-kv="type=int8 rotate=qr" 2>&1 | FileCheck %s --check-prefix=WHICH
// WHICH: error: {{.*}}unknown rotation 'qr'; hadamard and none are known
// RUN: not qopt %s --compress-kv="type=int8 profile=x" 2>&1 | FileCheck %s --check-prefix=UNUSED
// UNUSED: error: {{.*}}a profile is for static scales and for turbo with m1 below 8
// RUN: not qopt %s --compress-kv="mode=auto bits=5" 2>&1 | FileCheck %s --check-prefix=AUTOPROFILE
// AUTOPROFILE: error: {{.*}}mode=auto needs a profile: profile=FILE, from qrun calibrate --kv-sensitivity
// RUN: not qopt %s --compress-kv="mode=auto profile=x" 2>&1 | FileCheck %s --check-prefix=BUDGET
// BUDGET: error: {{.*}}mode=auto has one budget: bits=, of an element, bytes=, of a token, or kl=
// RUN: not qopt %s --compress-kv="mode=auto bits=5 kl=1.0e-4 profile=x" 2>&1 | FileCheck %s --check-prefix=BUDGET
// RUN: not qopt %s --compress-kv="mode=auto bits=5 type=int8 profile=x" 2>&1 | FileCheck %s --check-prefix=ITSELF
// ITSELF: error: {{.*}}mode=auto chooses formats itself; its options are bits, bytes, kl, context, profile, layers and trace
// RUN: not qopt %s --compress-kv="type=int8 kl=1.0e-4" 2>&1 | FileCheck %s --check-prefix=KL
// KL: error: {{.*}}kl is an option of mode=auto
// RUN: not qopt %s --compress-kv="type=int8 context=4096" 2>&1 | FileCheck %s --check-prefix=CONTEXT
// CONTEXT: error: {{.*}}context is an option of mode=auto
// RUN: not qopt %s --compress-kv="mode=auto bits=5 context=0 profile=x" 2>&1 | FileCheck %s --check-prefix=NOCONTEXT
// NOCONTEXT: error: {{.*}}context=0: windows are counted over one token or more
// RUN: not qopt %s --compress-kv="mode=auto bits=5 profile=x" 2>&1 | FileCheck %s --check-prefix=NOCONFIG
// NOCONFIG: error: {{.*}}the module has no llm.config with the length of its context; context=N of mode=auto says it
// RUN: not qopt %s --compress-kv="mode=turboquant bits=2.5" 2>&1 | FileCheck %s --check-prefix=HALFBITS
// HALFBITS: error: {{.*}}bits=2.5: TurboQuant's codes have 2 to 4

llm.cache @layers.0 {kv_heads = 2, head_dim = 80, k = "native", v = "native"}
