//===- HybridArtifact.h - caches exchanged between layers -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_HYBRIDARTIFACT_H
#define QOPT_TOOLS_QRUN_HYBRIDARTIFACT_H

#include <cstddef>
#include <string>
#include <vector>

namespace qopt {

/// Makes the artifact `target` of `source`, with cache i stored as cache `templates[i]` is there,
/// by that one's kernels: all layers being alike, one compilation with another format in each layer
/// serves for any mix of them. All but the plan are links to `source`. Throws an Error unless the
/// caches have the same heads and are only used by launches that correspond.
void makeHybridArtifact(const std::string &source, const std::vector<size_t> &templates,
                        const std::string &target);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_HYBRIDARTIFACT_H
