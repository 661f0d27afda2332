//===- Json.cpp - parsing JSON within limits ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Json.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

namespace {

/// Builds the document from the parser's events. Unlike nlohmann's own builder it refuses duplicate
/// keys, of which every program would choose another, and deep nesting, at which recursive
/// code overflows the stack.
class DocumentBuilder {
public:
  DocumentBuilder(Json &root, int maxDepth) : root(root), maxDepth(maxDepth) {}

  /// Why parsing stopped.
  std::string problem;

  // The interface of nlohmann::json_sax.
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(int64_t value) { return add(value); }
  bool number_unsigned(uint64_t value) { return add(value); }
  bool number_float(double value, const std::string &) { return add(value); }
  bool string(std::string &value) { return add(std::move(value)); }
  bool binary(Json::binary_t &value) { return add(std::move(value)); }
  bool start_object(size_t) { return open(Json::object()); }
  bool start_array(size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string &name) {
    auto [entry, isNew] = stack.back()->get_ref<Json::object_t &>().try_emplace(name);
    if (!isNew) {
      problem = fmt::format("the key {} occurs twice in one object", quote(name));
      return false;
    }
    member = &entry->second;
    return true;
  }

  bool parse_error(size_t, const std::string &, const nlohmann::detail::exception &exception) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ...; last
    // read:
    // ..." where the last may be as long as the file.
    std::string_view text = exception.what();
    if (size_t bracket = text.find("] "); bracket != text.npos)
      text.remove_prefix(bracket + 2);
    for (std::string_view prefix : {"parse error at ", "parse error: ", "syntax error while "})
      if (text.starts_with(prefix))
        text.remove_prefix(prefix.size());
    problem = text.substr(0, text.find("; last read"));
    return false;
  }

private:
  template <typename T> Json *add(T &&value) {
    if (stack.empty())
      return &(root = std::forward<T>(value));
    if (stack.back()->is_array())
      return &stack.back()->get_ref<Json::array_t &>().emplace_back(std::forward<T>(value));
    return &(*member = std::forward<T>(value));
  }

  bool open(Json container) {
    if (stack.size() == size_t(maxDepth)) {
      problem = fmt::format("nested deeper than {} levels", maxDepth);
      return false;
    }
    stack.push_back(add(std::move(container)));
    return true;
  }

  bool close() {
    stack.pop_back();
    return true;
  }

  Json &root;
  int maxDepth;
  std::vector<Json *> stack; ///< The open arrays and objects, outermost first.
  Json *member = nullptr;    ///< Where the value of the last key goes.
};

} // namespace

Json qopt::parseJson(std::string_view text, std::string_view file, const JsonLimits &limits) {
  if (text.size() > limits.maxBytes)
    fail("{}: {} bytes of JSON; at most {} are read", file, text.size(), limits.maxBytes);
  Json root;
  DocumentBuilder builder(root, limits.maxDepth);
  if (!Json::sax_parse(text, &builder))
    fail("{}: broken JSON: {}", file, builder.problem);
  return root;
}

Json qopt::readJsonFile(const std::string &path, const JsonLimits &limits) {
  MappedFile file(path);
  std::string_view text(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
  return parseJson(text, path, limits);
}
