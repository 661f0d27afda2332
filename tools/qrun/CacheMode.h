//===- CacheMode.h - compressed caches by short names -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_CACHEMODE_H
#define QOPT_TOOLS_QRUN_CACHEMODE_H

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace qopt {

/// A way to compress the cache, as `qrun kv-study --modes` spells it.
struct CacheMode {
  std::string name;
  std::string rule; ///< Of qopt --compress-kv, without a profile.
  bool needsProfile;
  bool beforeRope = false;
};

/// A type (f16, bf16, int8, int4, int2, fp8_e4m3, fp8_e5m2), perhaps with -static, -asymmetric,
/// -symmetric, -search, -hadamard and -gN (groups of N); turbo:M1:M2, perhaps with -lloyd_max and
/// -hadamard; turboquant2 to 4; kivi2, kivi4, flashq2 and flashq4. Each perhaps with -before_rope.
/// Throws an Error that says what is known.
CacheMode parseCacheMode(std::string_view name);

/// The modes of a list between commas, in which `{8..3}` stands for each number of a range.
std::vector<CacheMode> parseCacheModes(std::string_view list);

/// Adds an option that takes such a list; `list` is the default, and an empty one leaves `modes`
/// empty. Parsing the command line throws the Errors.
void addCacheModes(CLI::App &command, const std::string &flag, const std::string &purpose,
                   std::vector<CacheMode> &modes, const std::string &list);

/// The lengths of `FIRST:LAST:STEP`, or one length. Throws an Error.
std::vector<int64_t> parseLengths(std::string_view text);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_CACHEMODE_H
