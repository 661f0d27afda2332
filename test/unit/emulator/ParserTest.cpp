//===- ParserTest.cpp - PTX that is wrong, or unknown ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Syntax.h"
#include "test/unit/emulator/KernelRun.h"

#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// A kernel around one statement, which is on line 10 of the file.
std::string inKernel(const std::string &statement) {
  return ".version 8.4\n.target sm_90\n.address_size 64\n"
         ".visible .entry k(.param .u64 p)\n{\n"
         "  .reg .pred %p<4>;\n  .reg .b16 %rs<4>;\n  .reg .b32 %r<4>;\n  .reg .b64 %rd<4>;\n" +
         statement + "\n  ret;\n}\n";
}

struct Case {
  const char *statement;
  const char *message; ///< what the error ends with, after the file and line
};

} // namespace

TEST(Parser, ErrorsInStatements) {
  const Case cases[] = {
      // Unknown instructions, modifiers and directives are quoted.
      {"frob.u32 %r0, %r1;",
       "'frob.u32 %r0, %r1': the emulator does not know the instruction 'frob'"},
      {"add.frob.u32 %r0, %r1, %r2;",
       "'add.frob.u32 %r0, %r1, %r2': the emulator does not know the modifier .frob here"},
      {"tcgen05.fence::before_thread_sync;",
       "'tcgen05.fence::before_thread_sync': the emulator does not know the instruction 'tcgen05'"},
      {"setmaxnreg.inc.sync.aligned.u32 100;",
       "'setmaxnreg.inc.sync.aligned.u32 100': the number of registers is no multiple of 8 from 24 "
       "to 256"},
      {"wgmma.mma_async.sync.aligned.m64n12k16.f32.bf16.bf16 {%r0}, %rd0, %rd1, 1, 1, 1, 0, 0;",
       "'wgmma.mma_async.sync.aligned.m64n12k16.f32.bf16.bf16 {%r0}, %rd0, %rd1, 1, 1, 1, 0, 0': "
       "the emulator does not know this shape"},
      {"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%r0}, %rd0, %rd1, 1, 1, 1, 0, 0;",
       "'wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%r0}, %rd0, %rd1, 1, 1, 1, 0, 0': "
       "the fragments have 1 and 1 registers, expected 4 and 4"},
      {"cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%rd0], "
       "[%rd1, {%r0}], [%rd2];",
       "'cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%rd0], "
       "[%rd1, {%r0}], [%rd2]': the coordinates do not fit the dimensions"},
      {"mbarrier.arrive.shared.b64 %r0, [%rd0];",
       "'mbarrier.arrive.shared.b64 %r0, [%rd0]': register '%r0' has 32 bits, which does not fit "
       ".b64"},
      {".frob 3;", "the emulator does not know the directive '.frob'"},
      {"add.pred %p0, %p1, %p2;",
       "'add.pred %p0, %p1, %p2': the emulator does not know the type .pred here"},
      {"add %r0, %r1, %r2;", "'add %r0, %r1, %r2': a type is missing"},
      {"mul.u32 %r0, %r1, %r2;",
       "'mul.u32 %r0, %r1, %r2': expected one of the modifiers .lo .hi .wide"},
      {"cvt.rn.f32.frob %r0, %r1;", "'cvt.rn.f32.frob %r0, %r1': a type is missing"},
      {"ld.global.L2::cache_hint.b32 %r0, [%rd0], %rd1;",
       "'ld.global.L2::cache_hint.b32 %r0, [%rd0], %rd1': the emulator does not know cache "
       "policies"},
      {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.f16.f32 {%r0}, {%r1}, {%r2}, {%r3};",
       "'mma.sync.aligned.m16n8k16.row.col.f32.bf16.f16.f32 {%r0}, {%r1}, {%r2}, {%r3}': the "
       "emulator does not know this shape with these types"},
      {"mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%r0}, {%r1, %r1}, {%r2}, {%r3};",
       "'mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%r0}, {%r1, %r1}, {%r2}, {%r3}': a "
       "fragment has 1 registers, expected 4"},
      // Operands.
      {"add.u32 %r0, %r1;", "'add.u32 %r0, %r1': 2 operands, expected 3"},
      {"add.u32 %r0, %r1, %rd2;",
       "'add.u32 %r0, %r1, %rd2': register '%rd2' has 64 bits, which does not fit .u32"},
      {"add.u32 %r0, %r1, %r9;",
       "'add.u32 %r0, %r1, %r9': '%r9' is no register that the emulator knows"},
      {"add.u32 5, %r1, %r2;", "'add.u32 5, %r1, %r2': a result is not a register"},
      {"add.f32 %r0, %r1, 5;",
       "'add.f32 %r0, %r1, 5': an integer is no float; write 0f and the bits"},
      {"mov.u32 %r0, nothing;", "'mov.u32 %r0, nothing': nothing is called 'nothing'"},
      {"ld.global.b32 %r0, %rd0;",
       "'ld.global.b32 %r0, %rd0': an operand is not an address in brackets"},
      {"ld.global.v2.b32 %r0, [%rd0];",
       "'ld.global.v2.b32 %r0, [%rd0]': the registers do not fit the vector"},
      {"ld.global.v4.b64 {%rd0, %rd1, %rd2, %rd3}, [%rd0];",
       "'ld.global.v4.b64 {%rd0, %rd1, %rd2, %rd3}, [%rd0]': the emulator does not know the type "
       ".b64 here"},
      {"ld.shared.b64 %rd0, [p];",
       "'ld.shared.b64 %rd0, [p]': the variable is in another state space"},
      {"@%r0 bra END;", "'%r0' is no predicate"},
      {"@%p9 bra END;", "'%p9' is no predicate"},
      {"bra END;", "'bra END': no label is called 'END'"},
      {"call f, (%r0);", "'call f, (%r0)' calls no function of this module"},
      {"A: A: ret;", "label 'A' is defined twice"},
      {".reg .b32 %r<2>;", "register '%r' is declared twice"},
      {".reg .b128 %q;", "found '.b128', expected the type of registers, of at most 64 bits"},
      {".reg .b32 %q<1000000>;", "the number of registers is 1000000, more than 262144"},
      {".shared .align 3 .b8 s[4];", "alignment 3 is no power of two"},
      {".shared .b8 s[8][1099511627776];", "variable 's' is larger than 2^40 bytes"},
      {".shared s[4];", "variable 's' has no type"},
      {".global .b8 s[4];", "variable 's' cannot be declared in a function"},
      {"add.u32 %r0, %r1, [[%r2]];", "found '[', expected an operand"},
      {"add.u32 %r0, {%r1, {%r2}}, %r3;", "found '{', expected a register or number"},
      {"add.u32 %r0, %r1, 99999999999999999999;",
       "'99999999999999999999' is no integer of 64 bits"},
      {"add.f32 %r0, %r1, 0f12;", "'0f12' is not '0f' and 8 hexadecimal digits"},
      {"add.u32 %r0, %r1, 12q;", "'12q' is no integer of 64 bits"},
      {"add..u32 %r0, %r1, %r2;", "'add..u32' has an empty modifier"},
      {"add.u32 %r0, %r1, %r2 }", "found '}', expected ';' after an instruction"},
      {"add.u32 %r0, %r1, #;", "unexpected character '#'"},
      {"/* never closed", "a comment is not closed"},
      {".pragma \"open", "a string is not closed"},
  };
  for (const Case &c : cases)
    EXPECT_EQ(loadError(inKernel(c.statement)), std::string("test.ptx:10: ") + c.message);
}

TEST(Parser, ErrorsInModules) {
  const Case cases[] = {
      {"", "1: the file ends where '.version' at the beginning should be"},
      {"hello", "1: found 'hello', expected '.version' at the beginning"},
      {".version 9.1\n", "1: PTX version 9.1 is newer than 9.0, the last that the emulator knows"},
      {".version 80\n", "1: found '80', expected a version"},
      {".version 8.0\n.target amd\n", "2: target 'amd' is not sm_ and a number"},
      {".version 8.0\n.target sm_80\n.address_size 32\n",
       "3: addresses of 32 bits are not supported, only of 64"},
      {".version 8.0\n.target sm_80\n.frob\n",
       "3: found '.frob', expected a directive that the emulator knows"},
      {".version 8.0\n.target sm_80\n.extern .global .b32 x;\n",
       "3: variable 'x' is in another module, and modules are not linked"},
      {".version 8.0\n.target sm_80\n.global .b32 x[];\n", "3: variable 'x' has no size"},
      {".version 8.0\n.target sm_80\n.global .b32 x;\n.global .b32 x;\n",
       "4: 'x' is declared twice"},
      {".version 8.0\n.target sm_80\n.global .b8 x[2] = {1, 2, 3};\n",
       "3: the initializer of 'x' is longer than its 2 bytes"},
      {".version 8.0\n.target sm_80\n.global .f32 x = 1;\n",
       "3: '1' initializes a variable of type .f32"},
      {".version 8.0\n.target sm_80\n.entry k()\n", "4: the file ends where a directive that the "
                                                    "emulator knows, or '{' should be"},
      {".version 8.0\n.target sm_80\n.entry k() {\n",
       "4: the file ends where an instruction should be"},
      {".version 8.0\n.target sm_80\n.entry k() .frob {\n",
       "3: found '.frob', expected a directive that the emulator knows, or '{'"},
      {".version 8.0\n.target sm_80\n.entry k() {}\n.entry k() {}\n",
       "4: function 'k' is defined twice"},
      {".version 8.0\n.target sm_80\n.entry k(.reg .b32 r) {}\n",
       "3: found '.reg', expected '.param' (parameters in registers are not supported)"},
  };
  for (const Case &c : cases) {
    std::string message;
    try {
      ptx::parse(c.statement, "test.ptx");
    } catch (const Error &error) {
      message = error.what();
    }
    EXPECT_EQ(message, std::string("test.ptx:") + c.message);
  }
}

TEST(Parser, ErrorsInFunctions) {
  std::string header = ".version 8.0\n.target sm_80\n";
  EXPECT_EQ(loadError(header + ".func f() { call f; ret; }\n.entry k() { call f; ret; }\n"),
            "test.ptx:3: function 'f' is recursive, which the emulator does not support");
  EXPECT_EQ(loadError(header + ".extern .func g();\n.entry k() { call g; ret; }\n"),
            "test.ptx:4: 'call g' calls 'g', which has no body in this module");
  EXPECT_EQ(loadError(header + ".func f(.param .b32 a) { ret; }\n"
                               ".entry k() { .param .b64 x; call f, (x); ret; }\n"),
            "test.ptx:4: 'call f, (x)': the arguments or results do not fit the function's");
}

TEST(Parser, TooMuchMemory) {
  std::string header = ".version 8.0\n.target sm_80\n.entry k() {\n  .reg .b64 %rd;\n";
  EXPECT_EQ(loadError(header + ".shared .b8 s[49153]; mov.u64 %rd, s; }\n"),
            "test.ptx: kernel 'k' needs more than 49152 bytes of static shared memory: variable "
            "'s' has 49153");
  EXPECT_EQ(loadError(header + ".local .b8 s[524289]; mov.u64 %rd, s; }\n"),
            "test.ptx: kernel 'k' needs more than 524288 bytes of local memory: variable 's' has "
            "524289");
  EXPECT_EQ(loadError(".version 8.0\n.target sm_80\n.global .b8 x[8589934592];\n"),
            "test.ptx: variable 'x' has 8589934592 bytes, of which 4294967296 are free");
}

TEST(Parser, AcceptsWhatIsOnlyForOtherTools) {
  EXPECT_EQ(loadError(R"(
.version 8.4
.target sm_90, debug
.address_size 64
.file 1 "kernel.mlir", 123, 456
.section .debug_str { .b8 1,2,3 }
.weak .global .align 8 .b8 table[16] = {1, {2, 0xff}, 3};
.visible .entry k(.param .u64 .ptr .global .align 16 p) .maxntid 128, 1, 1 .minnctapersm 2
{
  .reg .b64 %rd<2>; // comment
  .loc 1 7 3
  .loc 1 8 1, function_name $L__info0, inlined_at 1 7 3
  { .reg .b32 %r; .pragma "nounroll"; mov.u32 %r, -1; }
  ld.param.u64 %rd0, [p];
  prefetch.global.L2 [%rd0];
  ld.global.nc.L1::no_allocate.L2::128B.b64 %rd1, [%rd0];
  ret;
}
)"),
            "");
}

TEST(Parser, KeepsWhatLaunchesNeed) {
  KernelRun run(R"(
.version 8.4
.target sm_80
.visible .entry k(.param .b32 a, .param .align 8 .b8 b[12], .param .b64 c) .reqntid 32, 2 { ret; })");
  std::shared_ptr<const Program> program = run.module.findKernel("k");
  ASSERT_TRUE(program);
  EXPECT_EQ(program->parameterBytes, 32u);
  EXPECT_EQ(program->parameters[1].offset, 8u);
  EXPECT_EQ(program->parameters[2].offset, 24u);
  EXPECT_EQ(program->kernel->requiredThreads, (std::array<uint32_t, 3>{32, 2, 1}));
  EXPECT_EQ(run.module.syntax().target, "sm_80");
}
