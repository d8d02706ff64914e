// AVX-512 without VPOPCNTDQ (Skylake-X, Cascade Lake).
//
// Carry-save adders (Harley-Seal; Mula, Kurz, Lemire 2018, arXiv:1611.07612) sum 8 words of differences to digits, so
// that bits are counted, by look-up of nibbles, once in 8 words: 25 instructions for 8 x 16 x 32 products, where
// counting every word takes 64.
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "../../sigmoid.h"
#include "../kernels.h"
#include "processor.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma")
#endif

#include "avx512_shared.h"

namespace sbit {
namespace kernels {
namespace {

// Bits 2^0 + bits 2^0 + ... of the same weight, kept apart: ones, twos and fours are the digits of what was counted.
struct Digits {
  __m512i ones, twos, fours;
};

// The carry of digit + a + b, and the new digit.
SIGNBIT_INLINE __m512i carry_save(__m512i* digit, __m512i a, __m512i b) {
  const __m512i carry = _mm512_ternarylogic_epi32(*digit, a, b, 0xE8);  // the majority
  *digit = _mm512_ternarylogic_epi32(*digit, a, b, 0x96);               // a xor of three
  return carry;
}

// The same of digit + (x0 ^ w0) + (x1 ^ w1). The two differences are never made: with t = digit ^ x0 ^ w0 and
// s = t ^ x1 ^ w1, the majority of digit, digit ^ t and t ^ s is a function of digit, t and s.
SIGNBIT_INLINE __m512i carry_of_pair(__m512i* digit, __m512i x0, __m512i w0, __m512i x1, __m512i w1) {
  const __m512i t = _mm512_ternarylogic_epi32(*digit, x0, w0, 0x96);
  const __m512i s = _mm512_ternarylogic_epi32(t, x1, w1, 0x96);
  const __m512i carry = _mm512_ternarylogic_epi32(*digit, t, s, 0x74);
  *digit = s;
  return carry;
}

// Bits of each byte.
SIGNBIT_INLINE __m512i byte_counts(__m512i x) {
  const __m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  const __m512i nibble = _mm512_set1_epi8(15);
  const __m512i low = _mm512_shuffle_epi8(counts, _mm512_and_si512(x, nibble));
  const __m512i high = _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(x, 4), nibble));
  return _mm512_add_epi8(low, high);
}

// weight * the sum of the four bytes of each lane.
SIGNBIT_INLINE __m512i lane_sums(__m512i bytes, char weight) {
  return _mm512_madd_epi16(_mm512_maddubs_epi16(bytes, _mm512_set1_epi8(weight)), _mm512_set1_epi16(1));
}

constexpr size_t kStepWords = 8;
// A step adds at most 8 to a byte: 31 of them fit.
constexpr size_t kMostSteps = 31;
// The digits, counts and totals of 3 pixels and a step's 8 vectors of weights are 23 registers.
constexpr int kColumnRows = 3;

// The differing signs of kRows pixels and 16 outputs, to totals[0], totals[total_stride], ...
template <int kRows>
void binary_column(const uint32_t* patch, size_t stride, const uint32_t* weights, size_t lanes, size_t words,
                   __m512i* totals, size_t total_stride) {
  Digits digits[kRows];
  __m512i sums[kRows];
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) {
    sums[r] = digits[r].ones = digits[r].twos = digits[r].fours = _mm512_setzero_si512();
  }
  size_t word = 0;
  while (words - word >= kStepWords) {
    const size_t left = (words - word) / kStepWords, steps = left < kMostSteps ? left : kMostSteps;
    __m512i eights[kRows];
#pragma GCC unroll 3
    for (int r = 0; r < kRows; ++r) eights[r] = _mm512_setzero_si512();
    for (size_t step = 0; step < steps; ++step, word += kStepWords) {
      __m512i w[kStepWords];
#pragma GCC unroll 8
      for (size_t i = 0; i < kStepWords; ++i) w[i] = _mm512_loadu_si512(weights + (word + i) * lanes);
#pragma GCC unroll 3
      for (int r = 0; r < kRows; ++r) {
        __m512i x[kStepWords];
#pragma GCC unroll 8
        for (size_t i = 0; i < kStepWords; ++i) x[i] = _mm512_set1_epi32((int)patch[r * stride + word + i]);
        Digits* d = &digits[r];
        const __m512i twos01 = carry_of_pair(&d->ones, x[0], w[0], x[1], w[1]);
        const __m512i twos23 = carry_of_pair(&d->ones, x[2], w[2], x[3], w[3]);
        const __m512i fours03 = carry_save(&d->twos, twos01, twos23);
        const __m512i twos45 = carry_of_pair(&d->ones, x[4], w[4], x[5], w[5]);
        const __m512i twos67 = carry_of_pair(&d->ones, x[6], w[6], x[7], w[7]);
        const __m512i fours47 = carry_save(&d->twos, twos45, twos67);
        eights[r] = _mm512_add_epi8(eights[r], byte_counts(carry_save(&d->fours, fours03, fours47)));
      }
    }
#pragma GCC unroll 3
    for (int r = 0; r < kRows; ++r) sums[r] = _mm512_add_epi32(sums[r], lane_sums(eights[r], 8));
  }
  __m512i rest[kRows];
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) rest[r] = _mm512_setzero_si512();
  for (; word < words; ++word) {
    const __m512i w = _mm512_loadu_si512(weights + word * lanes);
#pragma GCC unroll 3
    for (int r = 0; r < kRows; ++r) {
      const __m512i x = _mm512_set1_epi32((int)patch[r * stride + word]);
      rest[r] = _mm512_add_epi8(rest[r], byte_counts(_mm512_xor_si512(x, w)));
    }
  }
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) {
    if (words >= kStepWords) {
      // 7 * 8 of the last words and 7 * 8 of the digits fit a byte.
      const __m512i twos = byte_counts(digits[r].twos), fours = byte_counts(digits[r].fours);
      const __m512i halves = _mm512_add_epi8(twos, _mm512_add_epi8(fours, fours));
      rest[r] = _mm512_add_epi8(rest[r], _mm512_add_epi8(byte_counts(digits[r].ones), _mm512_add_epi8(halves, halves)));
    }
    totals[r * total_stride] = _mm512_add_epi32(sums[r], lane_sums(rest[r], 1));
  }
}

template <int kRows, int kVectors, class Store>
void binary_tile(const BinaryProduct* product, size_t row, const Store& store) {
  constexpr int kFirst = kRows <= kColumnRows ? kRows : (kRows + 1) / 2;
  const size_t stride = product->patch_stride, words = product->words, lanes = 16 * kVectors;
  const uint32_t* patch = product->patches + row * stride;
  __m512i counts[kRows][kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const uint32_t* weights = product->weights + 16 * v;
    binary_column<kFirst>(patch, stride, weights, lanes, words, &counts[0][v], kVectors);
    if constexpr (kRows > kFirst) {
      binary_column<kRows - kFirst>(patch + kFirst * stride, stride, weights, lanes, words, &counts[kFirst][v],
                                    kVectors);
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

extern const Table kAvx512;
const Table kAvx512 = {
    "avx512",     has_avx512,   100,        pack_signs, unpack_signs, int32_to_float, uint8_to_float, binary_sums,
    binary_signs, integer_sums, float_sums, threshold,  pointwise,    pool_int32,     pool_float,     pool_bits,
};

}  // namespace kernels
}  // namespace sbit
