//===- CompressKv.cpp - formats of keys and values ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "passes/cache/AutoFormats.h"
#include "passes/cache/CacheStatistics.h"
#include "passes/cache/Passes.h"
#include "passes/quantization/CalibrationProfile.h"
#include "passes/quantization/TensorRule.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/ModelConfig.h"
#include <cmath>

namespace qopt {
#define GEN_PASS_DEF_COMPRESSKV
#include "passes/cache/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

using Code = CacheFormat::Code;

namespace {

struct CompressKvPass : qopt::impl::CompressKvBase<CompressKvPass> {
  using CompressKvBase::CompressKvBase;

  void runOnOperation() override {
    try {
      checkSoftmax();
      run();
      approximateSoftmax();
    } catch (const Error &error) {
      getOperation().emitError() << error.what();
      signalPassFailure();
    }
  }

private:
  void run();
  void runAuto();
  int64_t contextOfWindows();
  SmallVector<llm::CacheOp> selectCaches(int64_t &total);
  void parseRule();
  void refuseUnless(bool fits, StringRef option, StringRef home) const;
  CacheFormat parseType(const std::string &text) const;
  CacheFormat turboFormat() const;
  CacheFormat turboQuantFormat() const;
  void parseKivi();
  void parseFlashQ();
  void refuseOthers(StringRef known) const;
  void deferRope();
  void checkSoftmax() const;
  void approximateSoftmax();
  CacheFormat complete(CacheFormat format, llm::CacheOp cache, bool isKey) const;

  std::optional<CacheFormat> key, value; ///< absent: left as it is
  std::shared_ptr<const Profile> opened; ///< shared because passes are copied
};

} // namespace

/// 2^-40 to 2^23 with the default ratio: no model's scales are beyond.
static constexpr double kLeastScale = 0x1p-40;

//===----------------------------------------------------------------------===//
// The rule
//===----------------------------------------------------------------------===//

void CompressKvPass::refuseUnless(bool fits, StringRef option, StringRef home) const {
  if (!fits)
    fail("compress-kv: {} is an option of {}", option.str(), home.str());
}

CacheFormat CompressKvPass::parseType(const std::string &text) const {
  if (text.find_first_of(" =") != std::string::npos || StringRef(text).starts_with("uniform") ||
      StringRef(text).starts_with("lloyd_max"))
    fail("compress-kv: unknown type '{}'; native, f16, bf16, int8, int4, int2, fp8_e4m3 and "
         "fp8_e5m2 "
         "are known, and mode=turbo and mode=turboquant",
         text);
  CacheFormat format = parseCacheFormat(text);
  bool isInteger = format.code == Code::Integer;
  if (isStatic && (!isInteger || format.bits != 8))
    fail("compress-kv: static scales are of int8, not of {}", text);
  if (format.isScaled())
    format.group = group;
  format.asymmetric = asymmetric && isInteger && !isStatic;
  format.search = search && isInteger && format.bits <= 4;
  if (rotate == "hadamard" && !format.isNative())
    format.hadamard = seed;
  return format;
}

CacheFormat CompressKvPass::turboFormat() const {
  if (m1 < 3 || m1 > 8 || m2 < 2 || m2 > 8)
    fail("compress-kv: m1={} and m2={}: scales have 3 to 8 bits and elements 2 to 8", m1.getValue(),
         m2.getValue());
  if (table != "uniform" && table != "lloyd_max")
    fail("compress-kv: unknown table '{}'; uniform and lloyd_max are known", table.getValue());
  if (!(ratio > 1) || !std::isfinite(ratio))
    fail("compress-kv: ratio={}: from one scale to the next is a step up, above 1",
         ratio.getValue());
  if (m1 < 8 && profile.empty())
    fail("compress-kv: a table of {} scales begins at the least of each layer: m1={} needs a "
         "profile "
         "(profile=FILE, from qrun calibrate); m1=8 covers all without one",
         int64_t(1) << m1, m1.getValue());
  CacheFormat format{.code = table == "uniform" ? Code::Uniform : Code::LloydMax, .bits = m2};
  format.scaleTable = {m1, kLeastScale, ratio};
  return format;
}

CacheFormat CompressKvPass::turboQuantFormat() const {
  if (bits < 2 || bits > 4 || bits != std::floor(bits))
    fail("compress-kv: bits={}: TurboQuant's codes have 2 to 4", bits.getValue());
  CacheFormat format{.code = Code::LloydMax, .bits = int64_t(bits)};
  format.hadamard = seed;
  return format;
}

/// That the rule's approximation of softmax is one there is.
void CompressKvPass::checkSoftmax() const {
  if (softmax != "exact" && softmax != "sas")
    fail("compress-kv: unknown softmax '{}'; exact and sas are known", softmax.getValue());
  refuseUnless(softmax == "sas" || !threshold.hasValue(), "threshold", "softmax=sas");
  refuseUnless(softmax == "sas" || !degree.hasValue(), "degree", "softmax=sas");
  if (!(threshold > 0 && threshold <= 15) || degree < 1 || degree > 5)
    fail("compress-kv: threshold={} and degree={}: SAS has thresholds up to 15 and degrees 1 to 5",
         threshold.getValue(), degree.getValue());
}

/// The exponential of attention over the selected caches.
void CompressKvPass::approximateSoftmax() {
  if (!softmax.hasValue())
    return;
  std::string error;
  std::optional<LayerSet> selected = LayerSet::parse(layers, error);
  OpBuilder builder(&getContext());
  auto sas = llm::SasAttr::get(&getContext(), builder.getF64FloatAttr(threshold), degree);
  getOperation().walk([&](llm::AttentionOp attention) {
    std::optional<int64_t> layer = layerOf(attention.getCache());
    if (!selected->isEvery() && (!layer || !selected->contains(*layer)))
      return;
    attention.setSoftmaxAttr(softmax == "sas" ? sas : llm::SasAttr());
  });
}

/// That a rule of this mode has its own options only.
void CompressKvPass::refuseOthers(StringRef known) const {
  if (isStatic || !type.empty() || !keyType.empty() || !valueType.empty() || rotate != "none" ||
      !profile.empty() || m1.hasValue() || m2.hasValue() || table.hasValue() || search)
    fail("compress-kv: options of mode={} are {}", mode.getValue(), known.str());
}

/// TurboAttention's two steps (arXiv 2412.08585): tiles of tokens as int8, these by channel in
/// fewer bits, the tile that is not complete unquantized.
void CompressKvPass::parseFlashQ() {
  int64_t codeBits = int64_t(bits), size = group.hasValue() ? int64_t(group) : 64;
  if (double(codeBits) != bits || (codeBits != 2 && codeBits != 4))
    fail("compress-kv: bits={}: flashq's codes have 2 or 4", bits.getValue());
  refuseUnless(!residual.hasValue(), "residual", "mode=kivi");
  refuseOthers("bits, group, before_rope and layers");
  CacheFormat format{.code = Code::Integer, .bits = codeBits, .group = size, .asymmetric = true};
  format.channels = format.progressive = true;
  format.residual = size;
  key = value = parseCacheFormat(toText(format)); // the words must go together
}

/// KIVI (arXiv 2402.02750): keys by channel over groups of tokens, values by token over groups of
/// channels, the newest unquantized.
void CompressKvPass::parseKivi() {
  int64_t codeBits = int64_t(bits), size = group.hasValue() ? int64_t(group) : 32;
  if (codeBits != 2 && codeBits != 4)
    fail("compress-kv: bits={}: KIVI's codes have 2 or 4", codeBits);
  refuseOthers("bits, group, residual, before_rope and layers");
  CacheFormat format{.code = Code::Integer, .bits = codeBits, .group = size, .asymmetric = true};
  format.residual = residual;
  value = format;
  format.channels = true;
  key = format;
  // The words must go together.
  for (const std::optional<CacheFormat> &part : {key, value})
    parseCacheFormat(toText(*part));
}

/// Keys as they are before their rotary embedding, of which profiles know nothing.
void CompressKvPass::deferRope() {
  if (!beforeRope)
    return;
  refuseUnless(key.has_value(), "before_rope", "rules that code keys");
  if (!profile.empty())
    fail("compress-kv: a profile knows keys as they are after their rotary embedding: before_rope "
         "goes with scales of each token, or a table of m1=8 bits");
  key->beforeRope = true;
}

void CompressKvPass::parseRule() {
  if (granularity != "token_head")
    fail("compress-kv: unknown granularity '{}'; token_head is known, and group=N within a head",
         granularity.getValue());
  if (rotate != "none" && rotate != "hadamard")
    fail("compress-kv: unknown rotation '{}'; hadamard and none are known", rotate.getValue());
  if (mode == "kivi")
    return parseKivi();
  if (mode == "flashq")
    return parseFlashQ();
  refuseUnless(!residual.hasValue(), "residual", "mode=kivi");
  bool isTurbo = mode == "turbo", isTurboQuant = mode == "turboquant";
  if (mode != "type" && !isTurbo && !isTurboQuant)
    fail("compress-kv: unknown mode '{}'; type, turbo, turboquant, kivi, flashq and auto are known",
         mode.getValue());
  bool hasTypes = !type.empty() || !keyType.empty() || !valueType.empty();
  refuseUnless(!hasTypes || mode == "type", "a type", "mode=type");
  refuseUnless(!isStatic || mode == "type", "static", "mode=type");
  refuseUnless(!search || mode == "type", "search", "int4 and int2");
  refuseUnless(!m1.hasValue() || isTurbo, "m1", "mode=turbo");
  refuseUnless(!m2.hasValue() || isTurbo, "m2", "mode=turbo");
  refuseUnless(!table.hasValue() || isTurbo, "table", "mode=turbo");
  refuseUnless(!bits.hasValue() || isTurboQuant, "bits",
               "the modes turboquant, kivi, flashq and auto");
  refuseUnless(!bytes.hasValue(), "bytes", "mode=auto");
  refuseUnless(!kl.hasValue(), "kl", "mode=auto");
  refuseUnless(trace.empty(), "trace", "mode=auto");
  refuseUnless(!context.hasValue(), "context", "mode=auto");
  if (isStatic && profile.empty())
    fail("compress-kv: static scales come from a profile: profile=FILE, from qrun calibrate");
  if (isStatic && (group != 0 || rotate != "none"))
    fail("compress-kv: a static scale is that of a whole layer, without group and rotate");
  if (!profile.empty() && !isStatic && !(isTurbo && m1 < 8))
    fail("compress-kv: a profile is for static scales and for turbo with m1 below 8");
  if (mode == "type" && !hasTypes && !softmax.hasValue())
    fail("compress-kv: which type? type=int8 compresses keys and values, k= and v= one of them");

  if (mode == "type") {
    for (const auto &[part, text] :
         {std::pair(&key, keyType.getValue()), {&value, valueType.getValue()}})
      if (const std::string &chosen = text.empty() ? type.getValue() : text; !chosen.empty())
        *part = parseType(chosen);
    refuseUnless(!search || (key && key->search) || (value && value->search), "search",
                 "int4 and int2");
    return;
  }
  CacheFormat format = isTurbo ? turboFormat() : turboQuantFormat();
  format.group = group;
  if (rotate == "hadamard")
    format.hadamard = seed;
  key = value = format;
}

//===----------------------------------------------------------------------===//
// Formats of layers
//===----------------------------------------------------------------------===//

/// With what the profile says of this layer.
CacheFormat CompressKvPass::complete(CacheFormat format, llm::CacheOp cache, bool isKey) const {
  if (isStatic)
    format.fixed = staticCacheScale(*opened, cache, isKey, !asymmetric.hasValue() || asymmetric);
  if (opened && format.scaleTable)
    format.scaleTable->least = leastCacheScale(*opened, cache, isKey, format);
  return format;
}

/// A rule's effect in words, with the transforms that are active.
static std::string describe(StringRef part, const std::optional<CacheFormat> &format,
                            bool isStatic) {
  if (!format)
    return "";
  return fmt::format("{} {}{}; ", part.str(), toText(*format),
                     isStatic ? " with a static scale a layer" : "");
}

SmallVector<llm::CacheOp> CompressKvPass::selectCaches(int64_t &total) {
  std::string error;
  std::optional<LayerSet> layerSet = LayerSet::parse(layers, error);
  if (!layerSet)
    fail("compress-kv: {}", error);
  SmallVector<llm::CacheOp> selected;
  total = 0;
  for (auto cache : getOperation().getOps<llm::CacheOp>()) {
    std::optional<int64_t> layer = layerOf(cache.getSymName());
    ++total;
    if (layerSet->isEvery() || (layer && layerSet->contains(*layer)))
      selected.push_back(cache);
  }
  if (selected.empty())
    fail("compress-kv: the rule layers='{}' matches no layer; the model has {}", layers.getValue(),
         total == 0 ? "no cache" : fmt::format("0 to {}", total - 1));
  numCompressed += selected.size();
  return selected;
}

/// Tokens of a sequence that a window's bytes are counted over: the model's context, unless the
/// rule says.
int64_t CompressKvPass::contextOfWindows() {
  if (context.hasValue()) {
    if (context < 1)
      fail("compress-kv: context={}: windows are counted over one token or more",
           context.getValue());
    return context;
  }
  auto text = getOperation()->getAttrOfType<StringAttr>("llm.config");
  if (!text)
    fail("compress-kv: the module has no llm.config with the length of its context; context=N of "
         "mode=auto says it");
  Json parsed = parseJson(std::string_view(text.getValue()), "llm.config");
  return modelConfigFromJson(JsonObject(parsed, "llm.config")).maxPosition;
}

void CompressKvPass::runAuto() {
  ModuleOp module = getOperation();
  bool choosesItself = type.empty() && keyType.empty() && valueType.empty() && !isStatic &&
                       !asymmetric.hasValue() && !search && !group.hasValue() && !m1.hasValue() &&
                       !m2.hasValue() && !table.hasValue() && !ratio.hasValue() &&
                       !rotate.hasValue() && !beforeRope;
  if (!choosesItself)
    fail("compress-kv: mode=auto chooses formats itself; its options are bits, bytes, kl, context, "
         "profile, layers and trace");
  if (bits.hasValue() + bytes.hasValue() + kl.hasValue() != 1)
    fail("compress-kv: mode=auto has one budget: bits=, of an element, bytes=, of a token, or kl=");
  if (profile.empty())
    fail("compress-kv: mode=auto needs a profile: profile=FILE, from qrun calibrate "
         "--kv-sensitivity");
  CacheBudget budget;
  if (bits.hasValue())
    budget.bits = double(bits);
  if (bytes.hasValue())
    budget.bytes = bytes;
  if (kl.hasValue())
    budget.kl = kl;
  budget.context = contextOfWindows();
  int64_t total = 0;
  SmallVector<llm::CacheOp> caches = selectCaches(total);
  std::string done = chooseCacheFormats(caches, int64_t(caches.size()) == total,
                                        openProfile(profile, module), budget, trace);
  mlir::emitRemark(module.getLoc()) << "compress-kv: " << done;
}

/// Kernels that were made of the module before know other formats; they are made again.
static void eraseKernels(ModuleOp module) {
  for (auto function : llvm::make_early_inc_range(module.getOps<FunctionOpInterface>()))
    if (function->hasAttr("kernel.target"))
      function->erase();
}

void CompressKvPass::run() {
  ModuleOp module = getOperation();
  eraseKernels(module);
  if (mode == "auto")
    return runAuto();
  key.reset();
  value.reset();
  parseRule();
  deferRope();
  if (!profile.empty())
    opened = std::make_shared<const Profile>(openProfile(profile, module));
  int64_t total = 0;
  SmallVector<llm::CacheOp> caches = selectCaches(total);
  for (llm::CacheOp cache : caches)
    for (bool isKey : {true, false}) {
      std::optional<CacheFormat> &part = isKey ? key : value;
      if (!part)
        continue;
      CacheFormat format = complete(*part, cache, isKey);
      checkCacheFormat(format, isKey, cache.getHeadDim());
      (isKey ? cache.setK(toText(format)) : cache.setV(toText(format)));
    }
  bool isRotated = (key && key->hadamard) || (value && value->hadamard);
  std::string softmaxText = softmax == "sas" ? fmt::format("softmax sas threshold={} degree={}; ",
                                                           threshold.getValue(), degree.getValue())
                                             : "";
  mlir::emitRemark(module.getLoc())
      << "compress-kv: " << describe("keys", key, isStatic) << describe("values", value, isStatic)
      << "rotation " << (isRotated ? "hadamard" : "none") << "; " << softmaxText << caches.size()
      << " of " << total << " layers";
}
