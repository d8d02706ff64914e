// What the AVX-512 instruction sets share: everything but the product of signs.
//
// Included inside a target region that has AVX-512 F, BW, VL and DQ, after the C headers, by a file that then defines
// binary_tile. A product keeps a tile of 6 pixels x 64 outputs in 24 registers: each step loads 4 vectors of weights,
// and broadcasts one input for each pixel.
#pragma once

#include "../pointwise_steps.h"

#define SIGNBIT_INLINE inline __attribute__((always_inline))

namespace sbit {
namespace kernels {
namespace {

// The first `count` of 16 lanes.
SIGNBIT_INLINE __mmask16 first_lanes(size_t count) {
  return count >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << count) - 1);
}
SIGNBIT_INLINE uint64_t first_bits(size_t count) { return count >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1; }

// The masks of four times 16 lanes, the first lowest. They are put together in mask registers: of a mask that was
// widened to 64 bits in C, GCC 12 wrote 16 bits to the stack and read 64 back (with -O2 -fsanitize=thread, in
// threshold).
SIGNBIT_INLINE uint64_t join_masks(const __mmask16 (&masks)[4]) {
  return _cvtmask64_u64(_mm512_kunpackd(_mm512_kunpackw(masks[3], masks[2]), _mm512_kunpackw(masks[1], masks[0])));
}

// ---- products ----

constexpr int kTileRows = 6;

// What a product does with the sums of a tile: store them, or turn them into words of signs.
struct StoreSums {
  int32_t* sums;
  size_t stride;
  size_t outputs;

  template <int kRows, int kVectors>
  SIGNBIT_INLINE void tile(size_t row, const __m512i (&values)[kRows][kVectors]) const {
    const __mmask16 last = first_lanes(outputs - 16 * (kVectors - 1));
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      int32_t* target = sums + (row + r) * stride;
#pragma GCC unroll 4
      for (int v = 0; v + 1 < kVectors; ++v) _mm512_storeu_si512(target + 16 * v, values[r][v]);
      _mm512_mask_storeu_epi32(target + 16 * (kVectors - 1), last, values[r][kVectors - 1]);
    }
  }
};

struct StoreSigns {
  uint64_t* words;
  size_t stride;
  const Intervals* intervals;

  // Masks go to memory 16 bits at a time, straight from the mask registers: there are 8 of those, and a detour through
  // general registers made a 1x1 convolution of 64 channels 17 % slower (Zen 5). Padded lanes give +1, a clear bit.
  template <int kRows, int kVectors>
  SIGNBIT_INLINE void tile(size_t row, const __m512i (&values)[kRows][kVectors]) const {
    if (kVectors < 4) {
      for (int r = 0; r < kRows; ++r) words[(row + r) * stride] = 0;
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __m512i low = _mm512_loadu_si512(intervals->low + 16 * v);
      const __m512i range = _mm512_loadu_si512(intervals->range + 16 * v);
      const __mmask16 when_inside = (__mmask16)(intervals->inside[0] >> (16 * v));
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
        const __mmask16 inside = _mm512_cmple_epu32_mask(_mm512_sub_epi32(values[r][v], low), range);
        const __mmask16 negative = _kxor_mask16(inside, when_inside);
        __builtin_memcpy((char*)(words + (row + r) * stride) + 2 * v, &negative, 2);
      }
    }
  }
};

// sums = start - 2 * counts, in place.
template <int kRows, int kVectors>
SIGNBIT_INLINE void counts_to_sums(const BinaryProduct* product, size_t row, __m512i (&counts)[kRows][kVectors]) {
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    const int32_t* start = product->starts[row + r] + product->first_lane;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __m512i twice = _mm512_add_epi32(counts[r][v], counts[r][v]);
      counts[r][v] = _mm512_sub_epi32(_mm512_loadu_si512(start + 16 * v), twice);
    }
  }
}

// The product of signs is the including file's: how to count bits is what tells the instruction sets apart.
template <int kRows, int kVectors, class Store>
void binary_tile(const BinaryProduct* product, size_t row, const Store& store);

template <int kRows, int kVectors, class Store>
void integer_tile(const IntegerProduct* product, size_t row, const Store& store) {
  const int16_t* patch = product->patches + row * product->patch_stride;
  const size_t stride = product->patch_stride;
  const int16_t* weights = product->weights;
  __m512i sums[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_setzero_si512();
  }
  for (size_t pair = 0; pair < product->pairs; ++pair, weights += 32 * kVectors) {
    __m512i weight[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) weight[v] = _mm512_loadu_si512(weights + 32 * v);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      int32_t both;
      __builtin_memcpy(&both, patch + r * stride + 2 * pair, 4);
      const __m512i input = _mm512_set1_epi32(both);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = _mm512_add_epi32(sums[r][v], _mm512_madd_epi16(input, weight[v]));
      }
    }
  }
  store.tile(row, sums);
}

template <int kRows, int kVectors, class Store>
void float_tile(const FloatProduct* product, size_t row, const Store& store) {
  const float* patch = product->patches + row * product->patch_stride;
  const size_t stride = product->patch_stride;
  const float* weights = product->weights;
  __m512 sums[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_loadu_ps(product->start + 16 * v);
  }
  for (size_t i = 0; i < product->depth; ++i, weights += 16 * kVectors) {
    __m512 weight[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) weight[v] = _mm512_loadu_ps(weights + 16 * v);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m512 input = _mm512_set1_ps(patch[r * stride + i]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_fmadd_ps(input, weight[v], sums[r][v]);
    }
  }
  __m512i values[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) values[r][v] = _mm512_castps_si512(sums[r][v]);
  }
  store.tile(row, values);
}

// One tile of kRows pixels, for each kind of product.
template <int kRows, int kVectors, class Store>
SIGNBIT_INLINE void tile(const BinaryProduct* product, size_t row, const Store& store) {
  binary_tile<kRows, kVectors>(product, row, store);
}
template <int kRows, int kVectors, class Store>
SIGNBIT_INLINE void tile(const IntegerProduct* product, size_t row, const Store& store) {
  integer_tile<kRows, kVectors>(product, row, store);
}
template <int kRows, int kVectors, class Store>
SIGNBIT_INLINE void tile(const FloatProduct* product, size_t row, const Store& store) {
  float_tile<kRows, kVectors>(product, row, store);
}

template <int kVectors, class Product, class Store>
void all_rows(const Product* product, const Store& store) {
  size_t row = 0;
  for (; row + kTileRows <= product->rows; row += kTileRows) tile<kTileRows, kVectors>(product, row, store);
  switch (product->rows - row) {
    case 5: return tile<5, kVectors>(product, row, store);
    case 4: return tile<4, kVectors>(product, row, store);
    case 3: return tile<3, kVectors>(product, row, store);
    case 2: return tile<2, kVectors>(product, row, store);
    case 1: return tile<1, kVectors>(product, row, store);
    default: return;
  }
}

template <class Product, class Store>
void multiply(const Product* product, const Store& store) {
  switch (product->lanes / 16) {
    case 1: return all_rows<1>(product, store);
    case 2: return all_rows<2>(product, store);
    case 3: return all_rows<3>(product, store);
    default: return all_rows<4>(product, store);
  }
}

void binary_sums(const BinaryProduct* product, int32_t* sums, size_t stride) {
  multiply(product, StoreSums{sums, stride, product->outputs});
}

void binary_signs(const BinaryProduct* product, const Intervals* intervals, uint64_t* words, size_t stride) {
  multiply(product, StoreSigns{words, stride, intervals});
}

void integer_sums(const IntegerProduct* product, int32_t* sums, size_t stride) {
  multiply(product, StoreSums{sums, stride, product->outputs});
}

// The stores only move 32-bit lanes: floats go the way of the integers.
void float_sums(const FloatProduct* product, float* sums, size_t stride) {
  multiply(product, StoreSums{(int32_t*)sums, stride, product->outputs});
}

// ---- signs ----

void pack_signs(const float* values, size_t count, uint64_t* words) {
  const __m512 zero = _mm512_setzero_ps();
  for (size_t first = 0; first < count; first += 64) {
    __mmask16 negative[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const size_t at = first + 16 * v;
      const __m512 part = _mm512_maskz_loadu_ps(at < count ? first_lanes(count - at) : 0, values + at);
      negative[v] = _mm512_cmp_ps_mask(part, zero, _CMP_NGE_UQ);
    }
    words[first / 64] = join_masks(negative);
  }
}

void unpack_signs(const uint64_t* words, size_t count, float* values) {
  const __m512 plus = _mm512_set1_ps(1.0f), minus = _mm512_set1_ps(-1.0f);
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 negative = (__mmask16)(words[i / 64] >> (i % 64));
    _mm512_mask_storeu_ps(values + i, first_lanes(count - i), _mm512_mask_blend_ps(negative, plus, minus));
  }
}

void threshold(const int32_t* integers, size_t channels, const Intervals* intervals, uint64_t* words) {
  for (size_t first = 0; first < channels; first += 64) {
    __mmask16 inside[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const size_t at = first + 16 * v;
      const __mmask16 lanes = at < channels ? first_lanes(channels - at) : 0;
      const __m512i distance =
          _mm512_sub_epi32(_mm512_maskz_loadu_epi32(lanes, integers + at), _mm512_loadu_si512(intervals->low + at));
      inside[v] = _mm512_cmple_epu32_mask(distance, _mm512_loadu_si512(intervals->range + at));
    }
    words[first / 64] = (join_masks(inside) ^ intervals->inside[first / 64]) & first_bits(channels - first);
  }
}

// ---- pointwise ----

void int32_to_float(const int32_t* integers, size_t count, float* values) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = first_lanes(count - i);
    _mm512_mask_storeu_ps(values + i, lanes, _mm512_cvtepi32_ps(_mm512_maskz_loadu_epi32(lanes, integers + i)));
  }
}

void uint8_to_float(const uint8_t* pixels, size_t count, float* values) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = first_lanes(count - i);
    const __m512i wide = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, pixels + i));
    _mm512_mask_storeu_ps(values + i, lanes, _mm512_cvtepi32_ps(wide));
  }
}

// The operations of sigmoid.h, one for one.
struct Exponentials {
  __m512 over_one, first, second;
};

SIGNBIT_INLINE Exponentials exponentials(__m512 t) {
  using namespace sigmoid_steps;
  const __m512 least = _mm512_set1_ps(kLeast), round = _mm512_set1_ps(kRound);
  const __m512 clamped = _mm512_max_ps(t, least);  // the second where t is NaN
  const __m512 n = _mm512_sub_ps(_mm512_fmadd_ps(clamped, _mm512_set1_ps(kLog2E), round), round);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(kLn2High), clamped);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(kLn2Low), r);
  __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(kC7), r, _mm512_set1_ps(kC6));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kC5));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kC4));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kC3));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kC2));
  p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r);
  const __m512i whole = _mm512_cvttps_epi32(n), half = _mm512_srai_epi32(whole, 1);
  const __m512i bias = _mm512_set1_epi32(127);
  const __m512i first = _mm512_slli_epi32(_mm512_add_epi32(half, bias), 23);
  const __m512i second = _mm512_slli_epi32(_mm512_add_epi32(_mm512_sub_epi32(whole, half), bias), 23);
  const __mmask16 not_zero = _mm512_cmp_ps_mask(t, least, _CMP_GT_OQ);
  return {p, _mm512_maskz_mov_ps(not_zero, _mm512_castsi512_ps(first)), _mm512_castsi512_ps(second)};
}

SIGNBIT_INLINE __m512 minus_magnitude(__m512 x) { return _mm512_or_ps(x, _mm512_set1_ps(-0.0f)); }

// top / (1 + z), and x itself where it is NaN
SIGNBIT_INLINE __m512 finish(__m512 x, __m512 top, __m512 z) {
  const __m512 result = _mm512_div_ps(top, _mm512_add_ps(_mm512_set1_ps(1.0f), z));
  return _mm512_mask_mov_ps(result, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

SIGNBIT_INLINE __m512 whole_exponential(const Exponentials& e) {
  return _mm512_mul_ps(_mm512_mul_ps(_mm512_add_ps(e.over_one, _mm512_set1_ps(1.0f)), e.first), e.second);
}

SIGNBIT_INLINE __m512 sigmoids(__m512 x) {
  const __m512 z = whole_exponential(exponentials(minus_magnitude(x)));
  const __mmask16 positive = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ);
  return finish(x, _mm512_mask_mov_ps(z, positive, _mm512_set1_ps(1.0f)), z);
}

SIGNBIT_INLINE __m512 silus(__m512 x) {
  const Exponentials e = exponentials(minus_magnitude(x));
  const __m512 xz = _mm512_mul_ps(_mm512_mul_ps(_mm512_fmadd_ps(x, e.over_one, x), e.first), e.second);
  const __mmask16 positive = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ);
  return finish(x, _mm512_mask_mov_ps(xz, positive, x), whole_exponential(e));
}

template <int kStep>
SIGNBIT_INLINE __m512 step_value(__m512 a, __m512 b, __m512 c) {
  const __mmask16 a_is_nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
  switch (kStep) {
    case kAdd: return _mm512_add_ps(a, b);
    case kSubtract: return _mm512_sub_ps(a, b);
    case kMultiply: return _mm512_mul_ps(a, b);
    case kDivide: return _mm512_div_ps(a, b);
    case kMinimum: return _mm512_mask_mov_ps(_mm512_min_ps(a, b), a_is_nan, a);
    case kMaximum: return _mm512_mask_mov_ps(_mm512_max_ps(a, b), a_is_nan, a);
    case kFusedMultiplyAdd: return _mm512_fmadd_ps(a, b, c);
    case kPRelu:
      return _mm512_mask_mov_ps(_mm512_mul_ps(a, b), _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_GT_OQ), a);
    case kSigmoid: return sigmoids(a);
    default: return silus(a);
  }
}

template <int kStep>
void step_values(const float* a, const float* b, const float* c, size_t count, float* values) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = first_lanes(count - i);
    const __m512 x = _mm512_maskz_loadu_ps(lanes, a + i);
    const __m512 y = kStep < kSigmoid ? _mm512_maskz_loadu_ps(lanes, b + i) : x;
    const __m512 z = kStep == kFusedMultiplyAdd ? _mm512_maskz_loadu_ps(lanes, c + i) : x;
    _mm512_mask_storeu_ps(values + i, lanes, step_value<kStep>(x, y, z));
  }
}

// ---- pools ----

void pool_int32(const int32_t* const* pixels, size_t taps, size_t channels, const int32_t* flip, int32_t* largest) {
  for (size_t i = 0; i < channels; i += 16) {
    const __mmask16 lanes = first_lanes(channels - i);
    const __m512i flipped = flip ? _mm512_maskz_loadu_epi32(lanes, flip + i) : _mm512_setzero_si512();
    __m512i best = _mm512_xor_si512(_mm512_maskz_loadu_epi32(lanes, pixels[0] + i), flipped);
    for (size_t tap = 1; tap < taps; ++tap) {
      const __m512i value = _mm512_xor_si512(_mm512_maskz_loadu_epi32(lanes, pixels[tap] + i), flipped);
      best = _mm512_max_epi32(best, value);
    }
    _mm512_mask_storeu_epi32(largest + i, lanes, _mm512_xor_si512(best, flipped));
  }
}

void pool_float(const float* const* pixels, size_t taps, size_t channels, float* largest) {
  for (size_t i = 0; i < channels; i += 16) {
    const __mmask16 lanes = first_lanes(channels - i);
    __m512 best = _mm512_maskz_loadu_ps(lanes, pixels[0] + i);
    for (size_t tap = 1; tap < taps; ++tap) {
      const __m512 value = _mm512_maskz_loadu_ps(lanes, pixels[tap] + i);
      const __mmask16 wins =
          _mm512_cmp_ps_mask(value, best, _CMP_GT_OQ) | _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
      best = _mm512_mask_mov_ps(best, wins, value);
    }
    _mm512_mask_storeu_ps(largest + i, lanes, best);
  }
}

void pool_bits(const uint64_t* const* pixels, size_t taps, size_t words, const uint64_t* flip, uint64_t* largest) {
  for (size_t word = 0; word < words; ++word) {
    const uint64_t flipped = flip ? flip[word] : 0;
    uint64_t best = pixels[0][word] ^ flipped;
    for (size_t tap = 1; tap < taps; ++tap) best &= pixels[tap][word] ^ flipped;
    largest[word] = best ^ flipped;
  }
}

}  // namespace
}  // namespace kernels
}  // namespace sbit
