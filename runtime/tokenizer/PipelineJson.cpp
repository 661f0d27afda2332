//===- PipelineJson.cpp - the steps of tokenizer.json ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/PipelineJson.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/StepJson.h"
#include "runtime/tokenizer/TokenizerConfig.h"
#include <limits>

using namespace qopt;

Normalizer qopt::parseNormalizer(const JsonObject &tokenizer) {
  Normalizer normalizer;
  for (const JsonObject &step : flattenSteps(tokenizer, "normalizer", "normalizers")) {
    std::string type = step.string("type");
    if (type == "Prepend")
      normalizer.addPrepend(step.string("prepend"));
    else if (type == "Replace")
      normalizer.addReplace(parsePattern(step), step.string("content"));
    else if (type == "NFC")
      normalizer.addUnicodeForm(UnicodeForm::Nfc);
    else if (type == "NFD")
      normalizer.addUnicodeForm(UnicodeForm::Nfd);
    else if (type == "NFKC")
      normalizer.addUnicodeForm(UnicodeForm::Nfkc);
    else if (type == "NFKD")
      normalizer.addUnicodeForm(UnicodeForm::Nfkd);
    else
      failUnsupported(step, "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD");
  }
  return normalizer;
}

static PreTokenizer::Behavior parseBehavior(const JsonObject &step) {
  using Behavior = PreTokenizer::Behavior;
  std::string name = step.string("behavior");
  for (auto [known, behavior] :
       {std::pair("Isolated", Behavior::Isolated), std::pair("Removed", Behavior::Removed),
        std::pair("MergedWithPrevious", Behavior::MergedWithPrevious),
        std::pair("MergedWithNext", Behavior::MergedWithNext),
        std::pair("Contiguous", Behavior::Contiguous)})
    if (name == known)
      return behavior;
  step.failAt("behavior", fmt::format("is {}; known are Isolated, Removed, MergedWithPrevious, "
                                      "MergedWithNext, Contiguous",
                                      quote(name)));
}

/// The scheme of a Metaspace step, whose older form is 'add_prefix_space'.
static PreTokenizer::PrependScheme parsePrependScheme(const JsonObject &step) {
  using Scheme = PreTokenizer::PrependScheme;
  if (step.optionalBoolean("add_prefix_space") == false)
    return Scheme::Never;
  std::string name = step.optionalString("prepend_scheme").value_or("always");
  if (name == "always")
    return Scheme::Always;
  if (name == "first")
    return Scheme::First;
  if (name == "never")
    return Scheme::Never;
  step.failAt("prepend_scheme", fmt::format("is {}; known are always, first, never", quote(name)));
}

PreTokenizer qopt::parsePreTokenizer(const JsonObject &tokenizer) {
  PreTokenizer preTokenizer;
  for (const JsonObject &step : flattenSteps(tokenizer, "pre_tokenizer", "pretokenizers")) {
    if (preTokenizer.isByteLevel())
      step.failAt("type", "comes after a ByteLevel step, which must be the last one");
    std::string type = step.string("type");
    if (type == "ByteLevel")
      preTokenizer.addByteLevel(step.optionalBoolean("add_prefix_space").value_or(true),
                                step.optionalBoolean("use_regex").value_or(true));
    else if (type == "Split")
      preTokenizer.addSplit(parsePattern(step), parseBehavior(step),
                            step.optionalBoolean("invert").value_or(false));
    else if (type == "Digits")
      preTokenizer.addSplit(Pattern::regex("\\p{N}"),
                            step.optionalBoolean("individual_digits").value_or(false)
                                ? PreTokenizer::Behavior::Isolated
                                : PreTokenizer::Behavior::Contiguous);
    else if (type == "Metaspace")
      preTokenizer.addMetaspace(step.string("replacement"), parsePrependScheme(step),
                                step.optionalBoolean("split").value_or(true));
    else
      failUnsupported(step, "Sequence, ByteLevel, Split, Digits, Metaspace");
  }
  return preTokenizer;
}

/// Puts what a TemplateProcessing step adds around the prefix and the suffix so far.
static void parseTemplate(const JsonObject &step, TokenizerParts &parts) {
  if (!step.has("single") || !step.json().find("single")->is_array())
    step.failAt("single", "must be a list of 'SpecialToken' and 'Sequence' entries");
  std::vector<int32_t> before;
  std::vector<int32_t> after;
  int sequences = 0;
  for (const Json &entry : *step.json().find("single")) {
    JsonObject object(entry, step.file(), "post_processor.single");
    if (object.has("Sequence")) {
      ++sequences;
      continue;
    }
    std::string name = object.object("SpecialToken").string("id");
    JsonObject token = step.object("special_tokens").object(name);
    for (int64_t id : token.integerList("ids", 0, parts.vocabulary->size() - 1))
      (sequences == 0 ? before : after).push_back(static_cast<int32_t>(id));
  }
  if (sequences != 1)
    step.failAt("single", fmt::format("has {} 'Sequence' entries; it must have one", sequences));
  parts.prefix.insert(parts.prefix.begin(), before.begin(), before.end());
  parts.suffix.insert(parts.suffix.end(), after.begin(), after.end());
}

void qopt::parsePostProcessor(const JsonObject &tokenizer, TokenizerParts &parts) {
  for (const JsonObject &step : flattenSteps(tokenizer, "post_processor", "processors")) {
    std::string type = step.string("type");
    if (type == "TemplateProcessing")
      parseTemplate(step, parts);
    else if (type != "ByteLevel") // That one moves only offsets into the text.
      failUnsupported(step, "Sequence, TemplateProcessing, ByteLevel");
  }
}

TokenDecoder qopt::parseDecoder(const JsonObject &tokenizer) {
  TokenDecoder decoder;
  std::vector<JsonObject> steps = flattenSteps(tokenizer, "decoder", "decoders");
  if (steps.empty())
    decoder.setSeparator(" ");
  constexpr int64_t maxCount = std::numeric_limits<int32_t>::max();
  // Steps act on each token, until one turns tokens into bytes or joins them.
  enum { EachToken, Bytes, Joined } state = EachToken;
  for (const JsonObject &step : steps) {
    std::string type = step.string("type");
    if (type == "Replace" && state == EachToken) {
      decoder.addReplace(parsePattern(step), step.string("content"));
    } else if (type == "Metaspace" && state == EachToken) {
      decoder.addMetaspace(step.string("replacement"),
                           parsePrependScheme(step) != PreTokenizer::PrependScheme::Never);
    } else if (type == "ByteFallback" && state == EachToken) {
      decoder.setAlphabet(TokenDecoder::Alphabet::ByteFallback);
      state = Bytes;
    } else if (type == "ByteLevel" && state == EachToken) {
      decoder.setAlphabet(TokenDecoder::Alphabet::ByteLevel);
      state = Joined;
    } else if (type == "Fuse") {
      state = Joined;
    } else if (type == "Strip" && state == Joined && decoder.stripCount() == 0) {
      if (step.integer("stop", 0, maxCount) != 0)
        step.failAt("stop", "is not 0; text is streamed, so that nothing can go from its end");
      std::string content = step.string("content");
      if (content.empty())
        step.failAt("content", "is empty");
      decoder.setStripStart(content, static_cast<size_t>(step.integer("start", 0, maxCount)));
    } else {
      failUnsupported(step, "Replace and Metaspace, then ByteFallback or ByteLevel, then Fuse, "
                            "then one Strip");
    }
  }
  return decoder;
}
