//===- CpuTopology.cpp - cores that this process may use ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuTopology.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <sched.h>
#include <set>
#include <string>
#include <vector>

using namespace qopt;

/// The CPUs of the affinity mask, in order.
static std::vector<int> allowedCpus() {
  // The mask's size is the system's number of CPUs: grow until it fits.
  for (int capacity = 1024; capacity <= 1 << 20; capacity *= 4) {
    std::vector<cpu_set_t> sets(size_t(capacity) / CPU_SETSIZE);
    size_t bytes = sets.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, sets.data()) != 0)
      continue;
    std::vector<int> cpus;
    for (int cpu = 0; cpu < capacity; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, sets.data()))
        cpus.push_back(cpu);
    return cpus;
  }
  return {0};
}

/// Which core a CPU is: the list of its siblings, or itself where the system does not tell.
static std::string coreOf(int cpu) {
  std::ifstream file(
      fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
  std::string siblings;
  if (file && std::getline(file, siblings))
    return siblings;
  return fmt::format("{}", cpu);
}

/// CPUs' worth of time that the cgroup grants, or a large number.
static double quotaCpus() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota, period;
  if (file >> quota >> period && quota > 0 && period > 0)
    return quota / period;
  return 1e6; // No file, or "max".
}

unsigned qopt::availableCpus() { return unsigned(std::max<size_t>(1, allowedCpus().size())); }

unsigned qopt::availableCores() {
  std::set<std::string> cores;
  for (int cpu : allowedCpus())
    cores.insert(coreOf(cpu));
  double usable = std::min(double(cores.size()), std::ceil(quotaCpus()));
  return unsigned(std::max(1.0, usable));
}
