//===- ScratchFolder.h - a folder for artifacts of a while ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_SCRATCHFOLDER_H
#define QOPT_TOOLS_QRUN_SCRATCHFOLDER_H

#include <string>

namespace qopt {

/// A folder of its own among the system's temporary files, gone with all that is in it when the
/// measurement that needed it ends. Throws an Error if there can be none.
class ScratchFolder {
public:
  /// `purpose` is in its name: "kv-study".
  explicit ScratchFolder(const std::string &purpose);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;

  std::string file(const std::string &name) const { return path + "/" + name; }

private:
  std::string path;
};

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_SCRATCHFOLDER_H
