//===- Driver.h - the state behind the CUDA driver API ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_DRIVER_DRIVER_H
#define QOPT_RUNTIME_EMULATOR_DRIVER_DRIVER_H

#include "runtime/emulator/LoadedModule.h"
#include "runtime/emulator/driver/Results.h"
#include "runtime/emulator/driver/Work.h"
#include "runtime/emulator/exec/Launch.h"
#include <mutex>
#include <set>

// The handles of the API.

struct CUctx_st {};

struct CUmod_st {
  CUmod_st(std::string ptx, qopt::emulator::DeviceMemory &memory)
      : module(std::move(ptx), "ptx", memory) {}
  qopt::emulator::LoadedModule module;
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions; ///< those asked for
};

struct CUfunc_st {
  std::shared_ptr<const qopt::emulator::Program> program;
  uint32_t maxDynamicShared = 0;
};

struct CUstream_st {
  std::shared_ptr<qopt::emulator::Capture> capture; ///< null unless it records
};

struct CUevent_st {
  bool measuresTime = true;
  bool isRecorded = false;
  double milliseconds = 0;
  std::shared_ptr<qopt::emulator::Capture> capture; ///< where it was recorded last, if in a graph
};

struct CUgraph_st {
  std::vector<qopt::emulator::Work> works;
};

struct CUgraphExec_st {
  std::vector<qopt::emulator::Work> works;
};

namespace qopt::emulator {

/// Shared memory of a block, static and dynamic, that a kernel may have when it asks for it.
inline constexpr int kMaxSharedOptIn = 227 << 10;

/// Objects of one kind that the API has handed out.
template <typename T> class Handles {
public:
  T *add(std::unique_ptr<T> object) {
    T *handle = object.get();
    objects.emplace(handle, std::move(object));
    return handle;
  }
  bool contains(T *handle) const { return objects.contains(handle); }
  /// The object; an ApiError if the handle was never handed out or is gone.
  T &get(T *handle) const {
    if (!contains(handle))
      apiFail(CUDA_ERROR_INVALID_HANDLE, "no such object");
    return *handle;
  }
  void remove(T *handle) {
    get(handle);
    objects.erase(handle);
  }
  size_t size() const { return objects.size(); }
  template <typename Function> void forEach(Function function) {
    for (auto &[handle, object] : objects)
      function(*object);
  }

private:
  std::map<T *, std::unique_ptr<T>> objects;
};

/// The one emulated device and all that was made on it. Every API function holds `mutex`.
class Driver {
public:
  static Driver &get();

  /// Runs `function`, an API function's body that returns nothing, and turns what it throws into a
  /// code. Nothing but cuInit works before cuInit, and nothing at all after a kernel's fault.
  template <typename Function> CUresult call(Function function, bool needsInit = true) {
    std::lock_guard lock(mutex);
    if (needsInit && !isInitialized)
      return finish(CUDA_ERROR_NOT_INITIALIZED, "cuInit was not called");
    return fault != CUDA_SUCCESS ? fault : attempt(function);
  }
  /// The same for functions that free things, which go on working.
  template <typename Function> CUresult cleanUp(Function function) {
    std::lock_guard lock(mutex);
    return attempt(function);
  }
  /// The same for functions that use the current context.
  template <typename Function> CUresult callInContext(Function function) {
    return call([&] {
      if (!contexts.contains(current))
        apiFail(CUDA_ERROR_INVALID_CONTEXT, "no context is current");
      function();
    });
  }

  /// Runs the work, or records it where the stream is being captured.
  void submit(CUstream stream, Work work);
  void execute(const Work &work);
  /// Refuses calls that wait while a stream captures in global mode.
  void refuseDuringCapture();
  /// The null stream, too.
  CUstream_st &stream(CUstream handle);

  /// Where the bytes at a device address lie in this process.
  std::byte *translate(CUdeviceptr address, size_t bytes);

  std::recursive_mutex mutex;
  bool isInitialized = false;
  CUresult fault = CUDA_SUCCESS; ///< of a kernel; stays until the contexts are gone
  DeviceMemory memory;
  Launcher launcher;
  int capabilityMajor = 9, capabilityMinor = 0;

  static thread_local CUcontext current;
  static thread_local std::string lastMessage; ///< of the thread's last call that failed
  static thread_local CUresult lastResult;
  static thread_local std::map<CUresult, std::string> texts; ///< that cuGetErrorString returned
  static thread_local std::string location;                  ///< of the op that launches belong to

  Handles<CUctx_st> contexts;
  CUcontext primary = nullptr;
  unsigned primaryUses = 0;
  Handles<CUmod_st> modules;
  std::set<CUfunction> functions;
  Handles<CUstream_st> streams;
  CUstream_st nullStream;
  Handles<CUevent_st> events;
  Handles<CUgraph_st> graphs;
  Handles<CUgraphExec_st> executables;
  std::set<Capture *> captures; ///< during which calls that wait are errors

  // For the functions beyond CUDA's.
  bool countAccesses = false;
  Statistics lastStatistics, allStatistics;
  struct KernelStatistics {
    uint64_t launches = 0;
    Statistics sum;
  };
  std::map<std::string, KernelStatistics, std::less<>> kernelStatistics; ///< by name

private:
  Driver();
  template <typename Function> CUresult attempt(Function function);
  CUresult finish(CUresult result, const char *message);
};

template <typename Function> CUresult Driver::attempt(Function function) {
  try {
    function();
    return CUDA_SUCCESS;
  } catch (const ApiError &error) {
    return finish(error.result, error.what());
  } catch (const LaunchError &error) {
    return fault = finish(resultOf(error.kind), error.what());
  } catch (const std::bad_alloc &) {
    return finish(CUDA_ERROR_OUT_OF_MEMORY, "the host is out of memory");
  } catch (const std::exception &error) {
    return finish(CUDA_ERROR_UNKNOWN, error.what());
  }
}

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_DRIVER_DRIVER_H
