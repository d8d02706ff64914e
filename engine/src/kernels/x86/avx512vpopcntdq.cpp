// AVX-512 with VPOPCNTDQ (Ice Lake, Zen 4 and later).
//
// xor + popcount + add are 3 instructions for 16 x 32 products, the bound of these processors; carry-save adders, which
// need fewer, were 7 to 20 % slower here, since they take twice the registers.
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "../../sigmoid.h"
#include "../kernels.h"
#include "processor.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,fma")
#endif

#include "avx512_shared.h"

namespace sbit {
namespace kernels {
namespace {

template <int kRows, int kVectors, class Store>
void binary_tile(const BinaryProduct* product, size_t row, const Store& store) {
  const uint32_t* patch = product->patches + row * product->patch_stride;
  const size_t stride = product->patch_stride;
  const uint32_t* weights = product->weights;
  __m512i counts[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) counts[r][v] = _mm512_setzero_si512();
  }
  for (size_t word = 0; word < product->words; ++word, weights += 16 * kVectors) {
    __m512i weight[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) weight[v] = _mm512_loadu_si512(weights + 16 * v);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m512i input = _mm512_set1_epi32((int)patch[r * stride + word]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const __m512i differing = _mm512_popcnt_epi32(_mm512_xor_si512(input, weight[v]));
        counts[r][v] = _mm512_add_epi32(counts[r][v], differing);
      }
    }
  }
  counts_to_sums(product, row, counts);
  store.tile(row, counts);
}

}  // namespace
}  // namespace kernels
}  // namespace sbit

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace sbit {
namespace kernels {

extern const Table kAvx512Vpopcntdq;
const Table kAvx512Vpopcntdq = {
    "avx512vpopcntdq", has_avx512_vpopcntdq, 150,          pack_signs,   unpack_signs, int32_to_float,
    uint8_to_float,    binary_sums,          binary_signs, integer_sums, float_sums,   threshold,
    pointwise,         pool_int32,           pool_float,   pool_bits,
};

}  // namespace kernels
}  // namespace sbit
