//===- ApiGraph.cpp - graphs ----------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"

using namespace qopt;
using namespace qopt::emulator;

QOPT_CUDA_API cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph,
                                          unsigned long long) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!executable)
      apiFail(CUDA_ERROR_INVALID_VALUE, "nowhere to put the result");
    *executable = driver.executables.add(
        std::make_unique<CUgraphExec_st>(CUgraphExec_st{driver.graphs.get(graph).works}));
  });
}

/// The form before CUDA 12, with places for a log.
QOPT_CUDA_API cuGraphInstantiate_v2(CUgraphExec *executable, CUgraph graph, CUgraphNode *failed,
                                    char *log, size_t logBytes) {
  if (failed)
    *failed = nullptr;
  if (log && logBytes > 0)
    *log = '\0';
  return cuGraphInstantiateWithFlags(executable, graph, 0);
}

QOPT_CUDA_API cuGraphUpload(CUgraphExec executable, CUstream) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] { driver.executables.get(executable); });
}

/// In a stream that captures, the graph becomes a part of the new one.
QOPT_CUDA_API cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    for (const Work &work : driver.executables.get(executable).works)
      driver.submit(stream, work);
  });
}

QOPT_CUDA_API cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    const CUgraph_st &counted = driver.graphs.get(graph);
    if (!count || nodes)
      apiFail(CUDA_ERROR_NOT_SUPPORTED, "nodes can only be counted");
    *count = counted.works.size();
  });
}

QOPT_CUDA_API cuGraphDestroy(CUgraph graph) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] { driver.graphs.remove(graph); });
}

QOPT_CUDA_API cuGraphExecDestroy(CUgraphExec executable) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] { driver.executables.remove(executable); });
}
