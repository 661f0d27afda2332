//===- Plan.h - plan.json, parsed and checked -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_PLAN_H
#define QOPT_RUNTIME_ARTIFACT_PLAN_H

#include "runtime/formats/DType.h"
#include "runtime/formats/GenerationConfig.h"
#include "runtime/formats/ModelConfig.h"
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace qopt {

/// The version of the plan's schema that this runtime reads, and no other.
constexpr int64_t planVersion = 1;
/// Rows and sequences of one step are at most this, so that no size computed from a checked plan
/// overflows 64 bits.
constexpr int64_t maxStepRows = 1 << 20;

/// What grids, slots and scalars of a step are computed from.
struct StepShape {
  int64_t rows;      ///< T: rows of the function.
  int64_t sequences; ///< B
  bool operator==(const StepShape &) const = default;
};

/// A factor of a launch's grid.
struct GridFactor {
  enum class Symbol : uint8_t { None, Rows, Sequences };
  Symbol symbol = Symbol::None;
  int64_t value = 1; ///< The factor itself, or what the symbol is divided by, rounding up.

  int64_t evaluate(const StepShape &shape) const;
};

enum class WeightForm : uint8_t {
  Stored,    ///< As in the file.
  RowsBf16,  ///< Unpacked to row-major bf16.
  VectorF32, ///< Unpacked to f32.
  Rows8Bit,  ///< Codes, unpacked to rows of bytes, padded to 32 codes
  Rows4Bit,  ///< and of two codes a byte, the lower half first.
  RowsF32,   ///< Scales and zeros, unpacked to rows without padding.
};
enum class CachePart : uint8_t { Key, Value };

/// Arrays of a step: int32 but for `Hidden`, `RopeTable` and `Logits`.
enum class StepInput : uint8_t {
  Ids,       ///< [T] token ids
  Hidden,    ///< the result of the body, for heads
  Rows,      ///< [T] rows of `Hidden` whose logits a head computes
  SeqStart,  ///< [B+1] first row of each sequence
  Past,      ///< [B] tokens in the cache before this step
  TokenSeq,  ///< [T] sequence of each row
  TokenPos,  ///< [T] position of each row in its sequence
  PageTable, ///< [B, max_pages] page of every `pageTokens` tokens
  RopeTable, ///< f32 [context, head_dim/2, 2] cosine and sine of each position
  Counters,  ///< [T, rowCounters], zero before and after each launch
  Slots,     ///< [B] where the windows of caches have each sequence
  Logits,    ///< f32 rows as heads compute them, for scores
  Targets,   ///< [T] token ids whose logits a score has
  NextIds,   ///< [T] the likeliest token ids, which a score writes: ids of the next step
};
constexpr size_t numStepInputs = 14;
/// Counters of a row.
constexpr int64_t rowCounters = 256;

/// 64-bit integers that a step passes.
enum class StepScalar : uint8_t { Rows, Sequences, MaxPages };

struct SlotArgument {
  size_t slot;         ///< Index into PlanFunction::slots.
  int64_t columns = 0; ///< Of the rows there; 0 where the plan does not say.
  DType type = DType::F32;
  bool isResult = false; ///< Written, not read.

  /// Elements from row to row (docs/architecture.md).
  int64_t stride() const { return (columns + 31) / 32 * 32; }
};
struct WeightArgument {
  size_t weight; ///< Index into Plan::weights.
  WeightForm form;
  int64_t ways = 1;    ///< In panels: the ways that their rows are interleaved in,
  int64_t columns = 0; ///< and rows of each that are no padding; 0: all.
};
struct CacheArgument {
  size_t cache; ///< Index into PlanTarget::caches.
  CachePart part;
  bool isWindow = false; ///< The newest tokens beside the pool.
};
using PlanArgument =
    std::variant<SlotArgument, WeightArgument, CacheArgument, StepInput, StepScalar>;

/// That the host looks at the rows of a slot, the launch's only argument (kernel.observe).
struct PlanObservation {
  std::vector<std::string> weights; ///< Checkpoint names of what the rows are multiplied by.
  int64_t columns;
  int64_t stride; ///< f32 elements from row to row.
};

struct PlanLaunch {
  std::string kernel;   ///< Empty for an observation.
  std::string op;       ///< For messages and profiles: "kernel.matmul".
  std::string location; ///< The checkpoint's name of it: "model.layers.0.mlp.down_proj".
  std::vector<PlanArgument> arguments;
  std::vector<GridFactor> grid;               ///< One to three, x first.
  int64_t scratch = 0;                        ///< CPU: bytes for each worker.
  int64_t block = 0;                          ///< PTX: threads of a block.
  int64_t shared = 0;                         ///< PTX: bytes of dynamic shared memory.
  std::optional<PlanObservation> observation; ///< CPU: nothing is launched.

  /// The product of the grid: work items of a CPU launch.
  int64_t items(const StepShape &shape) const;
};

/// A buffer of a function: `bytesPerRow * rows + bytes`.
struct PlanSlot {
  int64_t bytesPerRow;
  int64_t bytes;

  int64_t size(int64_t rows) const { return bytesPerRow * rows + bytes; }
};

/// Where a function leaves its result: rows of `columns` elements, `stride` elements apart.
struct PlanResult {
  size_t slot;
  int64_t columns;
  int64_t stride;
  DType type; ///< F32; BF16 is possible for hidden states.
};

struct PlanFunction {
  std::string name;            ///< "decode_head"
  std::optional<int64_t> rows; ///< The static number of rows, if it is not any number.
  std::vector<PlanSlot> slots;
  PlanResult result;
  std::vector<PlanLaunch> launches;
};

/// One of a cache's two pools: `[pages][kv_heads]` blocks of a page of one head.
struct PlanCachePool {
  std::string format;
  std::string layout;
  int64_t blockBytes;
  /// Of one sequence's newest tokens of one head, where those are kept apart; 0: they are not.
  int64_t windowBytes = 0;
};

struct PlanCache {
  std::string name;
  int64_t kvHeads;
  int64_t headDim;
  PlanCachePool key;
  PlanCachePool value;

  const PlanCachePool &pool(CachePart part) const { return part == CachePart::Key ? key : value; }
  bool hasWindow() const { return key.windowBytes > 0 || value.windowBytes > 0; }
};

/// Dimensions of a tensor map.
constexpr size_t maxTensorRank = 5;

/// A parameter of a kernel that is no pointer but a map of what is there (CUtensorMap), of bf16,
/// swizzled over 128 bytes.
struct PlanTensorMap {
  size_t argument;               ///< Index into PlanLaunch::arguments.
  std::vector<GridFactor> sizes; ///< Elements of each dimension, innermost first.
  std::vector<int64_t> strides;  ///< Bytes from one to the next of each but the innermost.
  std::vector<int64_t> box;      ///< Elements of each that one copy takes.
};

/// How one module's kernel is launched.
struct PlanKernelLaunch {
  std::vector<GridFactor> grid;
  int64_t block;
  int64_t shared;
  std::vector<PlanTensorMap> tensorMaps;
};

struct PlanModule {
  std::string file;                  ///< A plain file name in the artifact.
  std::string level;                 ///< "avx512", or PTX's chip: "sm_80".
  std::vector<std::string> required; ///< CPU features.
  /// PTX: kernels wait by themselves for those before them (griddepcontrol), so that they may be
  /// launched before these have ended.
  bool programmaticLaunch = false;
  /// PTX: of kernels for which it is not what the functions' launches say, by name.
  std::map<std::string, PlanKernelLaunch, std::less<>> launches;

  /// Code for GPUs that no driver need compile: of PTX, assemble-ptx.
  bool isMachineCode() const { return file.ends_with(".cubin"); }
  /// How the module's kernel is launched.
  PlanKernelLaunch launchOf(const PlanLaunch &launch) const;
};

/// What a score has of a row of logits (kernel.score), all f32.
enum class ScoreColumn : uint8_t {
  Likeliest,   ///< The id of the greatest, of equal ones the smallest.
  Greatest,    ///< Its logit,
  Sum,         ///< and the sum of exp(logit - greatest).
  TargetLogit, ///< That of the row's target.
  Broken,      ///< The first id whose logit is not finite, or -1.
};
constexpr int64_t numScoreColumns = 5;

/// What one kind of device runs.
struct PlanTarget {
  std::vector<PlanModule> modules; ///< In order of preference.
  std::vector<PlanCache> caches;
  PlanFunction prefill;     ///< ids -> hidden, any number of rows
  PlanFunction decode;      ///< the same for a static number of rows
  PlanFunction prefillHead; ///< hidden, rows -> logits
  PlanFunction decodeHead;
  std::optional<PlanFunction> score; ///< logits, targets -> scores, any number of rows

  /// All that there are.
  std::vector<const PlanFunction *> functions() const;
};

/// Contents that are generated when loaded: a normal-like random stream, or one value throughout.
struct GeneratedContents {
  DType dtype;
  std::vector<int64_t> shape;
  double value = 0; ///< The standard deviation, or the value if `isSplat`.
  bool isSplat = false;
};

/// What the plan says about a weight that some launch reads or that it describes.
struct PlanWeight {
  std::string name;
  std::optional<GeneratedContents> generated; ///< Otherwise it is in the weights file.
  std::optional<DType> dtype;                 ///< What it must be in the file, if stated.
  std::vector<int64_t> shape;                 ///< With `dtype`.
};

struct Plan {
  std::string compiler;
  std::string recipe;
  std::string modelHash; ///< Of what `--instrument` saw; empty without observations.
  ModelConfig config;
  GenerationConfig generation;
  std::string weightsFile; ///< Empty if all weights are generated.
  uint64_t randomSeed = 0;
  std::vector<PlanWeight> weights;
  std::vector<double> inverseFrequencies; ///< head_dim / 2; empty for learned positions.
  int64_t pageTokens = 0;
  std::optional<PlanTarget> cpu;
  std::optional<PlanTarget> ptx;
};

/// Parses `text`. On return every index and name refers to something that exists and sizes are
/// within bounds; only weights of the file are still to be looked up. `file` is for messages.
/// Throws an Error that names the file and the place in it.
Plan parsePlan(std::string_view text, const std::string &file);

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_PLAN_H
