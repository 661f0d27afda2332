//===- VocabularyJson.cpp - the large parts of tokenizer.json -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/VocabularyJson.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <limits>
#include <unordered_map>

using namespace qopt;

namespace {

/// Receives the events of nlohmann's parser (nlohmann::json_sax). Errors leave by exception.
class DocumentReader {
public:
  DocumentReader(const std::string &file, TokenizerDocument &document)
      : file(file), document(document) {}

  /// The whole document is the vocabulary.
  void expectOnlyVocab() { nextContainer = Place::Vocab; }

  bool null() { return value(nullptr); }
  bool boolean(bool flag) { return value(flag); }
  bool number_float(double number, const std::string &) { return value(number); }
  bool binary(Json::binary_t &) { return false; }

  bool number_integer(int64_t number) {
    if (place() != Place::Vocab)
      return value(number);
    document.vocab->emplace_back(lastKey, number);
    return true;
  }

  bool number_unsigned(uint64_t number) {
    if (place() != Place::Vocab)
      return value(number);
    return number_integer(int64_t(std::min(number, uint64_t(std::numeric_limits<int64_t>::max()))));
  }

  bool string(std::string &text) {
    if (place() == Place::Merges)
      return joinedMerge(text);
    if (place() == Place::MergePair) {
      pair.push_back(text);
      return true;
    }
    return value(text);
  }

  bool key(std::string &name) {
    lastKey = name;
    if (place() == Place::Vocab)
      return true;
    if (!open.back().json->get_ref<Json::object_t &>().try_emplace(name).second)
      fail("{}: broken JSON: the key {} occurs twice in one object", file, quote(name));
    if (open.size() == 1)
      isInModel = name == "model";
    bool isModelKey = isInModel && open.size() == 2;
    nextContainer = isModelKey && name == "vocab"    ? Place::Vocab
                    : isModelKey && name == "merges" ? Place::Merges
                                                     : Place::Rest;
    return true;
  }

  bool start_object(size_t) { return start(Json::value_t::object); }
  bool start_array(size_t) { return start(Json::value_t::array); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }

  bool parse_error(size_t, const std::string &, const nlohmann::detail::exception &exception) {
    // Drops the library's prefix "[json.exception...] " and the quotation of the input.
    std::string_view text = exception.what();
    if (size_t bracket = text.find("] "); bracket != text.npos)
      text.remove_prefix(bracket + 2);
    fail("{}: broken JSON: {}", file, text.substr(0, text.find("; last read")));
  }

private:
  enum class Place { Rest, Vocab, Merges, MergePair };
  struct Container {
    Place place;
    Json *json; ///< Null outside Rest.
  };

  Place place() const { return open.empty() ? Place::Rest : open.back().place; }

  /// Adds a value to the rest.
  template <typename T> Json *add(T &&value) {
    if (open.empty())
      return &(document.rest = std::forward<T>(value));
    Json &container = *open.back().json;
    if (container.is_array())
      return &container.get_ref<Json::array_t &>().emplace_back(std::forward<T>(value));
    return &(container[lastKey] = std::forward<T>(value));
  }

  template <typename T> bool value(T &&item) {
    if (place() != Place::Rest)
      failEntry();
    add(std::forward<T>(item));
    return true;
  }

  bool start(Json::value_t type) {
    if (open.size() == size_t(JsonLimits().maxDepth))
      fail("{}: broken JSON: nested deeper than {} levels", file, open.size());
    if (place() == Place::Merges && type == Json::value_t::array) {
      pair.clear();
      open.push_back({Place::MergePair, nullptr});
    } else if (place() != Place::Rest) {
      failEntry();
    } else if (nextContainer == Place::Vocab && type == Json::value_t::object) {
      document.vocab.emplace();
      open.push_back({Place::Vocab, nullptr});
    } else if (nextContainer == Place::Merges && type == Json::value_t::array) {
      document.merges.emplace();
      open.push_back({Place::Merges, nullptr});
    } else {
      open.push_back({Place::Rest, add(Json(type))});
    }
    nextContainer = Place::Rest;
    return true;
  }

  bool end() {
    if (place() == Place::MergePair) {
      if (pair.size() != 2)
        failEntry();
      document.merges->emplace_back(std::move(pair[0]), std::move(pair[1]));
    }
    open.pop_back();
    return true;
  }

  bool joinedMerge(std::string_view text) {
    size_t space = text.find(' ');
    if (space == text.npos || text.find(' ', space + 1) != text.npos)
      failEntry();
    document.merges->emplace_back(text.substr(0, space), text.substr(space + 1));
    return true;
  }

  [[noreturn]] void failEntry() const {
    if (place() == Place::Vocab)
      fail("{}: the id of the token {} is not an integer", file, quote(lastKey));
    fail("{}: merge {} is neither \"a b\" nor [\"a\", \"b\"]", file, document.merges->size());
  }

  const std::string &file;
  TokenizerDocument &document;
  std::vector<Container> open; ///< Arrays and objects, outermost first.
  std::string lastKey;
  bool isInModel = false;            ///< The last key of the root is "model".
  Place nextContainer = Place::Rest; ///< What the next container is, if of the right type.
  std::vector<std::string> pair;     ///< The strings of an open MergePair.
};

} // namespace

static void parse(std::string_view text, const std::string &file, DocumentReader &reader) {
  if (text.size() > JsonLimits().maxBytes)
    fail("{}: {} bytes of JSON; at most {} are read", file, text.size(), JsonLimits().maxBytes);
  Json::sax_parse(text, &reader);
}

TokenizerDocument qopt::parseTokenizerDocument(std::string_view text, const std::string &file) {
  TokenizerDocument document;
  DocumentReader reader(file, document);
  parse(text, file, reader);
  return document;
}

std::vector<TokenEntry> qopt::parseVocabJson(std::string_view text, const std::string &file) {
  TokenizerDocument document;
  DocumentReader reader(file, document);
  reader.expectOnlyVocab();
  parse(text, file, reader);
  if (!document.vocab)
    fail("{}: not an object of tokens and ids", file);
  return std::move(*document.vocab);
}

Vocabulary qopt::makeVocabulary(std::vector<TokenEntry> tokens,
                                const std::vector<AddedToken> &added, const std::string &file) {
  std::unordered_map<int64_t, const AddedToken *> missing;
  for (const AddedToken &token : added)
    if (!missing.emplace(token.id, &token).second)
      fail("{}: two added tokens have the id {}", file, token.id);
  VocabularyBuilder builder(file);
  for (auto &[text, id] : tokens) {
    if (auto sameId = missing.find(id); sameId != missing.end()) {
      if (sameId->second->content != text)
        fail("{}: the added token {} has the id {}, which is that of {} in the vocabulary", file,
             quote(sameId->second->content), id, quote(text));
      missing.erase(sameId);
    }
    builder.add(std::move(text), id, /*inModel=*/true);
  }
  for (const auto &[id, token] : missing)
    builder.add(token->content, id, /*inModel=*/false);
  return builder.build();
}
