//===- Scheme.h - how a tensor is quantized ---------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_SCHEME_H
#define QOPT_RUNTIME_QUANTIZATION_SCHEME_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace qopt {

/// What a quantized element is stored as.
enum class Storage : uint8_t { Int8, Int4, Fp8E4M3, Fp8E5M2, Fp4E2M1, BF16, F16 };

/// Which elements of a matrix [rows, columns] share a scale.
enum class Granularity : uint8_t {
  Tensor, ///< all
  Row,    ///< one output row
  Group,  ///< `blockColumns` consecutive elements of a row
  Block   ///< tiles of `blockRows` x `blockColumns`
};

/// How zero is represented.
enum class ZeroPoint : uint8_t {
  None,    ///< symmetric: value = scale * code
  Integer, ///< value = scale * (code - zero), zero a code (torchao)
  Minimum  ///< value = scale * code + zero, zero the block's minimum (llama.cpp's Q4_1, KIVI)
};

enum class Rounding : uint8_t { HalfEven, HalfAway };

/// In which order the projects compute codes; they differ in the last place, and so in ties.
enum class Arithmetic : uint8_t {
  Divide,     ///< scale = amax / divisor; code = round(x / scale)
  Reciprocal, ///< scale = amax / divisor; code = round(x * (1 / scale))      (torchao, ggml)
  Multiplier, ///< m = divisor / amax; code = round(x * m); scale = 1 / m     (ModelOpt)
  Normalize,  ///< code = round(x / amax * divisor); scale = amax / divisor   (study)
  Ggml        ///< as ggml's reference quantizer of the block type, which the scheme is of
              ///< (GgmlScheme.h); weights only
};

/// What a block's scale is stored as.
enum class ScaleType : uint8_t {
  F32,
  F16,
  E8M0, ///< a power of two (MXFP4)
  E4M3, ///< fp8, times one f32 scale a tensor (NVFP4)
  /// An f16 that 256 columns share times an integer of 8 bits (ggml's K types).
  F16Multiple
};

/// A quantization scheme: everything that decides codes and scales, named as an attribute, because
/// torchao, ggml, ModelOpt and the SmoothQuant code differ in exactly these.
struct Scheme {
  Storage storage = Storage::Int8;
  Granularity granularity = Granularity::Row;
  int64_t blockRows = 0;    ///< for Block
  int64_t blockColumns = 0; ///< for Group and Block
  ZeroPoint zeroPoint = ZeroPoint::None;
  double divisor = 127;   ///< what the largest magnitude (or the range) is divided by
  int32_t minCode = -127; ///< for integers
  int32_t maxCode = 127;  ///< for integers
  Rounding rounding = Rounding::HalfEven;
  Arithmetic arithmetic = Arithmetic::Divide;
  ScaleType scaleType = ScaleType::F32;
  double minAmax = 0;  ///< smaller magnitudes are raised to this before dividing
  double minScale = 0; ///< smaller scales are raised to this

  /// False for bf16 and f16, which only round.
  bool hasScale() const { return storage != Storage::BF16 && storage != Storage::F16; }
  /// Whether codes are chosen by blocks of a ggml type.
  bool isGgml() const { return arithmetic == Arithmetic::Ggml; }
  bool isInteger() const { return storage == Storage::Int8 || storage == Storage::Int4; }
  bool operator==(const Scheme &) const = default;
};

/// Whose definitions of divisor, rounding, range and arithmetic are used (design: every one of them
/// is bit-exact against its project).
enum class Preset : uint8_t {
  Default,  ///< narrow range, amax / 127, ties to even
  Torchao,  ///< choose_qparams_affine / quantize_affine; fp8 amax / 448
  Ggml,     ///< Q8_0's arithmetic: f16 scales, ties away from zero
  Modelopt, ///< 127 / amax as a multiplier
  Study     ///< x / amax * 127, amax at least 1e-8 (numerics of the INT8/FP8 study)
};

/// The scheme of a preset for a storage type, per row; the caller sets the granularity. Throws an
/// Error where the combination has no definition (asymmetric fp8, ggml fp8).
Scheme makeScheme(Storage storage, bool asymmetric = false, Preset preset = Preset::Default);

/// A scheme as users spell it.
struct SchemeText {
  std::string_view type; ///< int8, int4, fp8_e4m3, fp8_e5m2, nvfp4, mxfp4, bf16, f16, q8_0 ...
  std::string_view granularity; ///< tensor, row, group:N, block:RxC; empty for the default
  bool asymmetric = false;
  std::string_view preset = "default";
};

/// Throws an Error that names the word it does not know and those it does. nvfp4 and mxfp4 have
/// groups of 16 and 32 by definition, and so have ggml's types (q8_0, q4_0, q4_1, q5_0, q5_1, q4_k,
/// q5_k, q6_k); bf16 and f16 have no granularity.
Scheme parseScheme(const SchemeText &text);

/// "int8", "fp8_e4m3", ... and back.
std::string_view name(Storage storage);
std::optional<Storage> parseStorage(std::string_view name);
std::optional<Preset> parsePreset(std::string_view name);
std::span<const std::string_view> storageNames();
std::span<const std::string_view> presetNames();

/// Bits of one stored code, without its share of the scale.
int64_t codeBits(Storage storage);
/// Bits of one scale (and zero, where there is one), with its share of what scales share.
int64_t parameterBits(const Scheme &scheme);

/// The rows and columns that share one scale in a matrix of this shape.
struct BlockShape {
  int64_t rows;
  int64_t columns;
};

/// The block shape of `scheme` on a matrix; throws an Error that names the tensor and the sizes
/// that would divide where the scheme's do not.
BlockShape blockShape(const Scheme &scheme, int64_t rows, int64_t columns,
                      std::string_view tensorName);

/// "int8 row, symmetric, amax/127, half_even", for recipes and reports.
std::string describe(const Scheme &scheme);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_SCHEME_H
