//===- OutputPath.h - where output goes -------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_OUTPUTPATH_H
#define QOPT_RUNTIME_FORMATS_OUTPUTPATH_H

#include <string>

namespace qopt {

/// `path` without trailing slashes, and if it is a symbolic link then what it leads to, so that the
/// link stays. Throws Error if nothing is left.
std::string resolveOutputPath(std::string path);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_OUTPUTPATH_H
