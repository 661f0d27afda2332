//===- Statistics.cpp - what a launch did, counted ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Statistics.h"

using namespace qopt::emulator;

Statistics &Statistics::operator+=(const Statistics &other) {
  threadInstructions += other.threadInstructions;
  warpInstructions += other.warpInstructions;
  globalBytesLoaded += other.globalBytesLoaded;
  globalBytesStored += other.globalBytesStored;
  globalBytes128 += other.globalBytes128;
  globalRequests += other.globalRequests;
  globalSectors += other.globalSectors;
  sharedRequests += other.sharedRequests;
  sharedWavefronts += other.sharedWavefronts;
  bankConflicts += other.bankConflicts;
  matrixInstructions += other.matrixInstructions;
  barriers += other.barriers;
  return *this;
}
