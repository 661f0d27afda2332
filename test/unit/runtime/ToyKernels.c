//===- ToyKernels.c - a model whose results can be computed by hand -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of the CPU ABI (docs/architecture.md) for the model of ToyArtifact.h. A hidden state has
// four elements: a sum over the whole history, the same wherever its tokens come from; the number
// of the sequence's first row in the step; whether `decode` ran; the cosine of the rope table.

#include <math.h>
#include <stdint.h>

enum { PageTokens = 4, Vocabulary = 1024, HiddenStride = 4 };

static const int32_t *ints(uint64_t address) { return (const int32_t *)address; }
static float *floats(uint64_t address) { return (float *)address; }

/// Where the cache keeps the token at `position`.
static float *cell(uint64_t pool, const int32_t *pages, int64_t position) {
  return floats(pool) + (int64_t)pages[position / PageTokens] * 2 * PageTokens +
         position % PageTokens * 2;
}

/// ids, K pool, V pool, token_seq, token_pos, page_table, max_pages
void toy_append(const uint64_t *args, int64_t begin, int64_t end, void *scratch) {
  for (int64_t t = begin; t < end; ++t) {
    int32_t sequence = ints(args[3])[t], position = ints(args[4])[t];
    const int32_t *pages = ints(args[5]) + sequence * (int64_t)args[6];
    *cell(args[1], pages, position) = (float)ints(args[0])[t] + 1;
    *cell(args[2], pages, position) = (float)position + 1;
  }
}

/// One row: sum over the history of (id + 1) * (position + 1) * weight.
static void attend(const uint64_t *args, int64_t t, float isDecode, float *sums) {
  int32_t sequence = ints(args[5])[t], position = ints(args[6])[t];
  const int32_t *seqStart = ints(args[3]), *past = ints(args[4]);
  const int32_t *pages = ints(args[7]) + sequence * (int64_t)args[8];
  int64_t rows = (int64_t)args[9], sequences = (int64_t)args[10];
  sums[0] = 0;
  for (int64_t p = 0; p <= position; ++p)
    sums[0] += *cell(args[1], pages, p) * *cell(args[2], pages, p);
  // The arrays of a step must agree with each other.
  if (sequence >= sequences || seqStart[sequences] != rows ||
      t != seqStart[sequence] + position - past[sequence])
    sums[0] = NAN;
  float *hidden = floats(args[0]) + t * HiddenStride;
  hidden[0] = sums[0] * floats(args[11])[0];
  hidden[1] = (float)seqStart[sequence];
  hidden[2] = isDecode;
  hidden[3] = floats(args[12])[2 * position];
}

/// hidden, K pool, V pool, seq_start, past, token_seq, token_pos, page_table, max_pages, T, B,
/// weight, rope_table; the scratch holds the sums.
void toy_attend(const uint64_t *args, int64_t begin, int64_t end, void *scratch) {
  for (int64_t t = begin; t < end; ++t)
    attend(args, t, 0, (float *)scratch);
}

void toy_attend_decode(const uint64_t *args, int64_t begin, int64_t end, void *scratch) {
  for (int64_t t = begin; t < end; ++t)
    attend(args, t, 1, (float *)scratch);
}

/// hidden, rows, logits: those of token v are -|v - sum mod vocabulary|.
void toy_head(const uint64_t *args, int64_t begin, int64_t end, void *scratch) {
  for (int64_t t = begin; t < end; ++t) {
    float sum = floats(args[0])[ints(args[1])[t] * HiddenStride];
    float target = fmodf(sum, Vocabulary);
    for (int v = 0; v < Vocabulary; ++v)
      floats(args[2])[t * Vocabulary + v] = -fabsf((float)v - target);
  }
}
