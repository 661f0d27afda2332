//===- AtomicFile.cpp - output files, whole or not at all -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/AtomicFile.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/OutputPath.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace qopt;

/// Beyond a file size limit a write fails like on a full disk, instead of ending the process.
static void ignoreFileSizeSignal() {
  struct sigaction action;
  if (sigaction(SIGXFSZ, nullptr, &action) == 0 && action.sa_handler == SIG_DFL)
    signal(SIGXFSZ, SIG_IGN);
}

/// Reserves disk space, where the file system can; elsewhere only sets the size. Returns an errno.
static int reserve(int descriptor, uint64_t size) {
  while (fallocate(descriptor, 0, 0, off_t(size)) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS)
      return ftruncate(descriptor, off_t(size)) == 0 ? 0 : errno;
    if (errno != EINTR)
      return errno;
  }
  return 0;
}

AtomicFile::AtomicFile(std::string path, uint64_t size)
    : finalPath(resolveOutputPath(std::move(path))), temporaryPath(finalPath) {
  struct stat status;
  if (stat(finalPath.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    fail("cannot write '{}': it is a {} and no regular file", finalPath,
         S_ISDIR(status.st_mode) ? "directory" : "pipe or device");
  ignoreFileSizeSignal();
  descriptor = open(temporaryPath.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0)
    fail("cannot create '{}': {}", finalPath, strerror(errno));
  if (size == 0)
    return;
  if (int error = reserve(descriptor, size)) {
    close(descriptor);
    fail("cannot reserve {} bytes for '{}': {}", size, finalPath, strerror(error));
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor >= 0)
    close(descriptor);
}

void AtomicFile::writeAt(uint64_t offset, std::span<const std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count =
        pwrite(descriptor, bytes.data() + done, bytes.size() - done, off_t(offset + done));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      fail("cannot write {} bytes at offset {} of '{}': {}", bytes.size() - done, offset + done,
           finalPath, count < 0 ? strerror(errno) : "nothing was written");
    done += size_t(count);
  }
}

void AtomicFile::append(std::string_view text) {
  writeAt(appended, std::as_bytes(std::span(text)));
  appended += text.size();
}

void AtomicFile::commit() {
  // Some file systems report a full disk or a quota only here.
  int closed = close(std::exchange(descriptor, -1));
  if (closed != 0 || rename(temporaryPath.c_str(), finalPath.c_str()) != 0)
    fail("cannot finish writing '{}': {}", finalPath, strerror(errno));
}

void qopt::writeFile(const std::string &path, std::string_view contents) {
  AtomicFile file(path);
  file.append(contents);
  file.commit();
}
