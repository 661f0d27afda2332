//===- ApiTensorMap.cpp - tensor maps -------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"
#include "runtime/emulator/exec/TensorMap.h"
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

static uint8_t elementBytes(int type) {
  switch (type) {
  case CU_TENSOR_MAP_DATA_TYPE_UINT8:
    return 1;
  case CU_TENSOR_MAP_DATA_TYPE_UINT16:
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT16:
  case CU_TENSOR_MAP_DATA_TYPE_BFLOAT16:
    return 2;
  case CU_TENSOR_MAP_DATA_TYPE_UINT32:
  case CU_TENSOR_MAP_DATA_TYPE_INT32:
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT32:
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ:
  case CU_TENSOR_MAP_DATA_TYPE_TFLOAT32:
  case CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ:
    return 4;
  case CU_TENSOR_MAP_DATA_TYPE_UINT64:
  case CU_TENSOR_MAP_DATA_TYPE_INT64:
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT64:
    return 8;
  default:
    apiFail(CUDA_ERROR_INVALID_VALUE, "{} is no element type", type);
  }
}

/// The limits that the documentation of cuTensorMapEncodeTiled lists.
static void check(const TensorMap &map) {
  constexpr uint64_t most = uint64_t(1) << 32, mostStride = uint64_t(1) << 40;
  if (map.address % 16 != 0)
    apiFail(CUDA_ERROR_INVALID_VALUE, "a tensor at {:#x}, which is no multiple of 16", map.address);
  for (size_t i = 0; i < map.rank; ++i) {
    if (map.sizes[i] == 0 || map.sizes[i] > most)
      apiFail(CUDA_ERROR_INVALID_VALUE, "{} elements in dimension {}", map.sizes[i], i);
    if (map.box[i] == 0 || map.box[i] > 256)
      apiFail(CUDA_ERROR_INVALID_VALUE, "a box of {} elements in dimension {}, not 1 to 256",
              map.box[i], i);
    if (i != 0 && (map.strides[i] % 16 != 0 || map.strides[i] >= mostStride))
      apiFail(CUDA_ERROR_INVALID_VALUE, "{} bytes from one to the next in dimension {}",
              map.strides[i], i);
  }
  unsigned rowBytes = unsigned(map.box[0]) * map.elementBytes, span = 16u << map.swizzleBits;
  if (rowBytes % 16 != 0 || (map.swizzleBits != 0 && rowBytes > span))
    apiFail(CUDA_ERROR_INVALID_VALUE, "rows of {} bytes in a box that is swizzled over {}",
            rowBytes, span);
}

QOPT_CUDA_API cuTensorMapEncodeTiled(CUtensorMap *result, int type, uint32_t rank, void *address,
                                     const uint64_t *sizes, const uint64_t *strides,
                                     const uint32_t *box, const uint32_t *elementStrides,
                                     int interleave, int swizzle, int, int fill) {
  return Driver::get().call([&] {
    if (!result || !sizes || !box || !elementStrides || (rank > 1 && !strides) || rank == 0 ||
        rank > TensorMap::kMaxRank)
      apiFail(CUDA_ERROR_INVALID_VALUE, "a tensor map of {} dimensions, or without its parts",
              rank);
    TensorMap map;
    map.address = reinterpret_cast<uint64_t>(address);
    map.elementBytes = elementBytes(type);
    map.rank = uint8_t(rank);
    if (interleave != 0 || fill != 0 || swizzle < CU_TENSOR_MAP_SWIZZLE_NONE ||
        swizzle > CU_TENSOR_MAP_SWIZZLE_128B)
      apiFail(CUDA_ERROR_NOT_SUPPORTED, "the emulator has no interleaving, fill with NaNs or "
                                        "swizzle of this kind");
    map.swizzleBits = uint8_t(swizzle);
    for (uint32_t i = 0; i < rank; ++i) {
      if (elementStrides[i] != 1)
        apiFail(CUDA_ERROR_NOT_SUPPORTED, "the emulator has no strides within boxes");
      map.sizes[i] = sizes[i];
      map.strides[i] = i == 0 ? map.elementBytes : strides[i - 1];
      map.box[i] = uint16_t(std::min(box[i], 0xffffu));
    }
    check(map);
    static_assert(sizeof(*result) == TensorMap::kBytes);
    auto bytes = map.encode();
    memcpy(result, bytes.data(), bytes.size());
  });
}
