//===- DriverWithoutFunctions.cpp - a library of a driver's name -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

extern "C" int qoptIsNoDriver() { return 0; }
