// AVX2 with FMA (Haswell, Zen and later).
//
// A product of signs looks its counts up: the index is a byte that holds 4 weights of one output, the table of 16 bytes
// is the one of 4 input signs. A look-up and an addition are 2 instructions for 32 x 4 products, where xor, the counts
// of both nibbles and their additions are 8 for 32 x 8; it needs the weights of 32 outputs one byte each, so they are
// split into indices once for up to 24 pixels.
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "../../sigmoid.h"
#include "../kernels.h"
#include "processor.h"

namespace sbit {
namespace kernels {
namespace {

// of[a][b] is the number of bits in which a and b differ.
struct Differing {
  uint8_t of[16][16];
  constexpr Differing() : of() {
    for (int i = 0; i < 256; ++i) {
      const int x = (i / 16) ^ (i % 16);
      of[i / 16][i % 16] = (uint8_t)((x & 1) + (x >> 1 & 1) + (x >> 2 & 1) + (x >> 3));
    }
  }
};
alignas(64) constexpr Differing kDiffering;

}  // namespace
}  // namespace kernels
}  // namespace sbit

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#include "../pointwise_steps.h"

#define SIGNBIT_INLINE inline __attribute__((always_inline))

namespace sbit {
namespace kernels {
namespace {

// All ones in the first `count` of 8 lanes.
SIGNBIT_INLINE __m256i first_lanes(size_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < 8 ? (int)count : 8), lane);
}
SIGNBIT_INLINE uint64_t first_bits(size_t count) { return count >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1; }

// A masked load or store costs several plain ones: only what is cut off by the end of an array goes that way.
SIGNBIT_INLINE __m256i load_integers(const int32_t* from, size_t count) {
  return count >= 8 ? _mm256_loadu_si256((const __m256i*)from) : _mm256_maskload_epi32(from, first_lanes(count));
}
SIGNBIT_INLINE __m256 load_floats(const float* from, size_t count) {
  return count >= 8 ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first_lanes(count));
}
SIGNBIT_INLINE void store_integers(int32_t* to, size_t count, __m256i values) {
  if (count >= 8) {
    _mm256_storeu_si256((__m256i*)to, values);
  } else {
    _mm256_maskstore_epi32(to, first_lanes(count), values);
  }
}
SIGNBIT_INLINE void store_floats(float* to, size_t count, __m256 values) {
  store_integers((int32_t*)to, count, _mm256_castps_si256(values));
}

uint64_t threshold_word(const int32_t* integers, size_t channels, const Intervals* intervals, size_t word) {
  uint64_t inside = 0;
  for (size_t i = 0; i < channels; i += 8) {
    const __m256i low = _mm256_loadu_si256((const __m256i*)(intervals->low + 64 * word + i));
    const __m256i range = _mm256_loadu_si256((const __m256i*)(intervals->range + 64 * word + i));
    const __m256i distance = _mm256_sub_epi32(load_integers(integers + i, channels - i), low);
    // There is no unsigned comparison.
    const __m256i mask = _mm256_cmpeq_epi32(_mm256_min_epu32(distance, range), distance);
    inside |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(mask)) << i;
  }
  return (inside ^ intervals->inside[word]) & first_bits(channels);
}

// ---- the product of signs ----

constexpr size_t kGroupRows = 24;
constexpr int kTileRows = 4;
// A word is 8 look-ups of at most 4 each: the sums of 7 words fit a byte, those of 8 do not.
constexpr size_t kStepWords = 7;
constexpr int kNibbles = 8;

// What a product does with the sums of a row: store them, or turn them into a word of signs.
struct StoreSums {
  int32_t* sums;
  size_t stride;
  size_t outputs;

  SIGNBIT_INLINE void row(size_t row, const int32_t* values) const {
    for (size_t i = 0; i < outputs; i += 8) {
      store_integers(sums + row * stride + i, outputs - i, _mm256_load_si256((const __m256i*)(values + i)));
    }
  }
};

struct StoreSigns {
  uint64_t* words;
  size_t stride;
  size_t outputs;
  const Intervals* intervals;

  SIGNBIT_INLINE void row(size_t row, const int32_t* values) const {
    words[row * stride] = threshold_word(values, outputs, intervals, 0);
  }
};

// One step's weights, a byte for 4 signs. Of 32 outputs a to d, 8 each, the bytes are in the order a0-a3 b0-b3 c0-c3
// d0-d3 a4-a7 b4-b7 c4-c7 d4-d7, which is that of 128-bit halves.
struct Indices {
  alignas(32) uint8_t of[kStepWords * kNibbles][kBlockLanes];
};

template <int kHalves>
void split_weights(const uint32_t* weights, size_t lanes, size_t words, Indices* indices) {
  const __m256i bytes_together =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m256i nibble = _mm256_set1_epi8(15);
  for (size_t word = 0; word < words; ++word) {
    for (int half = 0; half < kHalves; ++half) {
      __m256i part[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const size_t lane = (size_t)(32 * half + 8 * i);
        const __m256i outputs =
            lane < lanes ? _mm256_loadu_si256((const __m256i*)(weights + word * lanes + lane)) : _mm256_setzero_si256();
        part[i] = _mm256_shuffle_epi8(outputs, bytes_together);
      }
      const __m256i ab01 = _mm256_unpacklo_epi32(part[0], part[1]), ab23 = _mm256_unpackhi_epi32(part[0], part[1]);
      const __m256i cd01 = _mm256_unpacklo_epi32(part[2], part[3]), cd23 = _mm256_unpackhi_epi32(part[2], part[3]);
      const __m256i bytes[4] = {_mm256_unpacklo_epi64(ab01, cd01), _mm256_unpackhi_epi64(ab01, cd01),
                                _mm256_unpacklo_epi64(ab23, cd23), _mm256_unpackhi_epi64(ab23, cd23)};
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        __m256i* low = (__m256i*)(indices->of[word * kNibbles + 2 * i] + 32 * half);
        __m256i* high = (__m256i*)(indices->of[word * kNibbles + 2 * i + 1] + 32 * half);
        _mm256_store_si256(low, _mm256_and_si256(bytes[i], nibble));
        _mm256_store_si256(high, _mm256_and_si256(_mm256_srli_epi16(bytes[i], 4), nibble));
      }
    }
  }
}

// sums -= 2 * counts, for 32 outputs in the order of Indices.
SIGNBIT_INLINE void subtract_twice(__m256i counts, int32_t* sums) {
  const __m256i in_order = _mm256_permutevar8x32_epi32(counts, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  const __m128i low = _mm256_castsi256_si128(in_order), high = _mm256_extracti128_si256(in_order, 1);
  const __m128i eights[4] = {low, _mm_srli_si128(low, 8), high, _mm_srli_si128(high, 8)};
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m256i wide = _mm256_cvtepu8_epi32(eights[i]);
    __m256i* target = (__m256i*)(sums + 8 * i);
    _mm256_store_si256(target, _mm256_sub_epi32(_mm256_load_si256(target), _mm256_add_epi32(wide, wide)));
  }
}

template <int kRows, int kHalves>
void binary_tile(const uint32_t* patch, size_t stride, size_t words, const Indices* indices,
                 int32_t (*sums)[kBlockLanes]) {
  __m256i counts[kRows][kHalves];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) counts[r][h] = _mm256_setzero_si256();
  }
  for (size_t word = 0; word < words; ++word) {
    uint64_t places[kRows];  // of the next table, in bytes, in bits 4 to 7
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) places[r] = (uint64_t)patch[r * stride + word] << 4;
#pragma GCC unroll 8
    for (int n = 0; n < kNibbles; ++n) {
      const __m256i* index = (const __m256i*)indices->of[word * kNibbles + n];
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const __m128i* differing = (const __m128i*)((const uint8_t*)kDiffering.of + (places[r] & 0xF0));
        const __m256i table = _mm256_broadcastsi128_si256(_mm_load_si128(differing));
        places[r] >>= 4;
#pragma GCC unroll 2
        for (int h = 0; h < kHalves; ++h) {
          counts[r][h] = _mm256_add_epi8(counts[r][h], _mm256_shuffle_epi8(table, index[h]));
          // Keeps the additions in this order: GCC 12 would first add the look-ups of a word to each other, all waiting
          // on the stack, and the loop left rolled moves every count once a round. 20 % faster than that (Zen 5).
          __asm__("" : "+x"(counts[r][h]));
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) subtract_twice(counts[r][h], sums[r] + 32 * h);
  }
}

template <int kHalves, class Store>
void binary_group(const BinaryProduct* product, size_t first, size_t rows, const Store& store) {
  alignas(32) int32_t sums[kGroupRows][kBlockLanes];
  for (size_t row = 0; row < rows; ++row) {
    const int32_t* start = product->starts[first + row] + product->first_lane;
    for (size_t lane = 0; lane < 32 * kHalves; lane += 8) {
      const __m256i value =
          lane < product->lanes ? _mm256_loadu_si256((const __m256i*)(start + lane)) : _mm256_setzero_si256();
      _mm256_store_si256((__m256i*)(sums[row] + lane), value);
    }
  }
  const size_t stride = product->patch_stride;
  for (size_t word = 0; word < product->words; word += kStepWords) {
    const size_t words = product->words - word < kStepWords ? product->words - word : kStepWords;
    Indices indices;
    split_weights<kHalves>(product->weights + word * product->lanes, product->lanes, words, &indices);
    const uint32_t* patch = product->patches + first * stride + word;
    size_t row = 0;
    for (; row + kTileRows <= rows; row += kTileRows) {
      binary_tile<kTileRows, kHalves>(patch + row * stride, stride, words, &indices, sums + row);
    }
    for (; row < rows; ++row) binary_tile<1, kHalves>(patch + row * stride, stride, words, &indices, sums + row);
  }
  for (size_t row = 0; row < rows; ++row) store.row(first + row, sums[row]);
}

template <class Store>
void binary_product(const BinaryProduct* product, const Store& store) {
  for (size_t first = 0; first < product->rows; first += kGroupRows) {
    const size_t rows = product->rows - first < kGroupRows ? product->rows - first : kGroupRows;
    if (product->lanes <= 32) {
      binary_group<1>(product, first, rows, store);
    } else {
      binary_group<2>(product, first, rows, store);
    }
  }
}

void binary_sums(const BinaryProduct* product, int32_t* sums, size_t stride) {
  binary_product(product, StoreSums{sums, stride, product->outputs});
}

void binary_signs(const BinaryProduct* product, const Intervals* intervals, uint64_t* words, size_t stride) {
  binary_product(product, StoreSigns{words, stride, product->outputs, intervals});
}

// ---- the other products: a tile is 6 pixels x 16 outputs, in 12 of the 16 registers ----

constexpr int kRealTileRows = 6;

// An input is a pair of 16-bit integers, or a float.
struct Integers {
  using Vector = __m256i;
  enum { kElements = 2 };

  static SIGNBIT_INLINE size_t depth(const IntegerProduct* product) { return product->pairs; }
  static SIGNBIT_INLINE __m256i start(const IntegerProduct*, size_t) { return _mm256_setzero_si256(); }
  static SIGNBIT_INLINE __m256i load(const int16_t* weights) { return _mm256_loadu_si256((const __m256i*)weights); }
  static SIGNBIT_INLINE __m256i broadcast(const int16_t* input) {
    int32_t both;
    __builtin_memcpy(&both, input, 4);
    return _mm256_set1_epi32(both);
  }
  static SIGNBIT_INLINE __m256i add(__m256i sum, __m256i input, __m256i weights) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(input, weights));
  }
  static SIGNBIT_INLINE void store(int32_t* to, size_t count, __m256i sums) { store_integers(to, count, sums); }
};

struct Floats {
  using Vector = __m256;
  enum { kElements = 1 };

  static SIGNBIT_INLINE size_t depth(const FloatProduct* product) { return product->depth; }
  static SIGNBIT_INLINE __m256 start(const FloatProduct* product, size_t lane) {
    return _mm256_loadu_ps(product->start + lane);
  }
  static SIGNBIT_INLINE __m256 load(const float* weights) { return _mm256_loadu_ps(weights); }
  static SIGNBIT_INLINE __m256 broadcast(const float* input) { return _mm256_broadcast_ss(input); }
  static SIGNBIT_INLINE __m256 add(__m256 sum, __m256 input, __m256 weights) {
    return _mm256_fmadd_ps(input, weights, sum);
  }
  static SIGNBIT_INLINE void store(float* to, size_t count, __m256 sums) { store_floats(to, count, sums); }
};

template <int kRows, class Numbers, class Product, class T>
void real_tile(const Product* product, size_t row, size_t lane, T* sums, size_t sums_stride) {
  const size_t stride = product->patch_stride, depth = Numbers::depth(product);
  const size_t lanes = Numbers::kElements * product->lanes;
  const auto* input = product->patches + row * stride;
  const auto* weights = product->weights + Numbers::kElements * lane;
  typename Numbers::Vector totals[kRows][2];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    totals[r][0] = Numbers::start(product, lane);
    totals[r][1] = Numbers::start(product, lane + 8);
  }
  for (size_t i = 0; i < depth; ++i, input += Numbers::kElements, weights += lanes) {
    const auto low = Numbers::load(weights), high = Numbers::load(weights + 8 * Numbers::kElements);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const auto x = Numbers::broadcast(input + r * stride);
      totals[r][0] = Numbers::add(totals[r][0], x, low);
      totals[r][1] = Numbers::add(totals[r][1], x, high);
    }
  }
  const size_t count = product->outputs - lane;
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    T* target = sums + (row + r) * sums_stride + lane;
    Numbers::store(target, count, totals[r][0]);
    if (count > 8) Numbers::store(target + 8, count - 8, totals[r][1]);
  }
}

template <class Numbers, class Product, class T>
void real_product(const Product* product, T* sums, size_t stride) {
  const size_t rows = product->rows;
  for (size_t lane = 0; lane < product->outputs; lane += 16) {
    size_t row = 0;
    for (; row + kRealTileRows <= rows; row += kRealTileRows) {
      real_tile<kRealTileRows, Numbers>(product, row, lane, sums, stride);
    }
    switch (rows - row) {
      case 5: real_tile<5, Numbers>(product, row, lane, sums, stride); break;
      case 4: real_tile<4, Numbers>(product, row, lane, sums, stride); break;
      case 3: real_tile<3, Numbers>(product, row, lane, sums, stride); break;
      case 2: real_tile<2, Numbers>(product, row, lane, sums, stride); break;
      case 1: real_tile<1, Numbers>(product, row, lane, sums, stride); break;
      default: break;
    }
  }
}

void integer_sums(const IntegerProduct* product, int32_t* sums, size_t stride) {
  real_product<Integers>(product, sums, stride);
}

void float_sums(const FloatProduct* product, float* sums, size_t stride) {
  real_product<Floats>(product, sums, stride);
}

// ---- signs ----

void pack_signs(const float* values, size_t count, uint64_t* words) {
  const __m256 zero = _mm256_setzero_ps();
  for (size_t first = 0; first < count; first += 64) {
    const size_t bits = count - first < 64 ? count - first : 64;
    uint64_t word = 0;
    for (size_t i = 0; i < bits; i += 8) {
      const __m256 negative = _mm256_cmp_ps(load_floats(values + first + i, bits - i), zero, _CMP_NGE_UQ);
      word |= (uint64_t)(uint32_t)_mm256_movemask_ps(negative) << i;
    }
    words[first / 64] = word;
  }
}

void unpack_signs(const uint64_t* words, size_t count, float* values) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256 plus = _mm256_set1_ps(1.0f), minus = _mm256_set1_ps(-1.0f);
  for (size_t i = 0; i < count; i += 8) {
    const __m256i bits = _mm256_and_si256(_mm256_set1_epi32((int)(words[i / 64] >> (i % 64) & 255)), bit);
    const __m256 negative = _mm256_castsi256_ps(_mm256_cmpeq_epi32(bits, bit));
    store_floats(values + i, count - i, _mm256_blendv_ps(plus, minus, negative));
  }
}

void threshold(const int32_t* integers, size_t channels, const Intervals* intervals, uint64_t* words) {
  for (size_t first = 0; first < channels; first += 64) {
    const size_t count = channels - first < 64 ? channels - first : 64;
    words[first / 64] = threshold_word(integers + first, count, intervals, first / 64);
  }
}

// ---- pointwise ----

void int32_to_float(const int32_t* integers, size_t count, float* values) {
  for (size_t i = 0; i < count; i += 8) {
    store_floats(values + i, count - i, _mm256_cvtepi32_ps(load_integers(integers + i, count - i)));
  }
}

void uint8_to_float(const uint8_t* pixels, size_t count, float* values) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)(pixels + i)));
    _mm256_storeu_ps(values + i, _mm256_cvtepi32_ps(wide));
  }
  for (; i < count; ++i) values[i] = (float)pixels[i];
}

// The operations of sigmoid.h, one for one.
struct Exponentials {
  __m256 over_one, first, second;
};

SIGNBIT_INLINE Exponentials exponentials(__m256 t) {
  using namespace sigmoid_steps;
  const __m256 least = _mm256_set1_ps(kLeast), round = _mm256_set1_ps(kRound);
  const __m256 clamped = _mm256_max_ps(t, least);  // the second where t is NaN
  const __m256 n = _mm256_sub_ps(_mm256_fmadd_ps(clamped, _mm256_set1_ps(kLog2E), round), round);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(kLn2High), clamped);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(kLn2Low), r);
  __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(kC7), r, _mm256_set1_ps(kC6));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kC5));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kC4));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kC3));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kC2));
  p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
  const __m256i whole = _mm256_cvttps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  const __m256i bias = _mm256_set1_epi32(127);
  const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  const __m256i second = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23);
  const __m256 not_zero = _mm256_cmp_ps(t, least, _CMP_GT_OQ);
  return {p, _mm256_and_ps(not_zero, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second)};
}

SIGNBIT_INLINE __m256 minus_magnitude(__m256 x) { return _mm256_or_ps(x, _mm256_set1_ps(-0.0f)); }
SIGNBIT_INLINE __m256 is_nan(__m256 x) { return _mm256_cmp_ps(x, x, _CMP_UNORD_Q); }

// top / (1 + z), and x itself where it is NaN
SIGNBIT_INLINE __m256 finish(__m256 x, __m256 top, __m256 z) {
  return _mm256_blendv_ps(_mm256_div_ps(top, _mm256_add_ps(_mm256_set1_ps(1.0f), z)), x, is_nan(x));
}

SIGNBIT_INLINE __m256 whole_exponential(const Exponentials& e) {
  return _mm256_mul_ps(_mm256_mul_ps(_mm256_add_ps(e.over_one, _mm256_set1_ps(1.0f)), e.first), e.second);
}

SIGNBIT_INLINE __m256 sigmoids(__m256 x) {
  const __m256 z = whole_exponential(exponentials(minus_magnitude(x)));
  const __m256 positive = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GE_OQ);
  return finish(x, _mm256_blendv_ps(z, _mm256_set1_ps(1.0f), positive), z);
}

SIGNBIT_INLINE __m256 silus(__m256 x) {
  const Exponentials e = exponentials(minus_magnitude(x));
  const __m256 xz = _mm256_mul_ps(_mm256_mul_ps(_mm256_fmadd_ps(x, e.over_one, x), e.first), e.second);
  const __m256 positive = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GE_OQ);
  return finish(x, _mm256_blendv_ps(xz, x, positive), whole_exponential(e));
}

template <int kStep>
SIGNBIT_INLINE __m256 step_value(__m256 a, __m256 b, __m256 c) {
  switch (kStep) {
    case kAdd: return _mm256_add_ps(a, b);
    case kSubtract: return _mm256_sub_ps(a, b);
    case kMultiply: return _mm256_mul_ps(a, b);
    case kDivide: return _mm256_div_ps(a, b);
    case kMinimum: return _mm256_blendv_ps(_mm256_min_ps(a, b), a, is_nan(a));
    case kMaximum: return _mm256_blendv_ps(_mm256_max_ps(a, b), a, is_nan(a));
    case kFusedMultiplyAdd: return _mm256_fmadd_ps(a, b, c);
    case kPRelu: return _mm256_blendv_ps(_mm256_mul_ps(a, b), a, _mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_GT_OQ));
    case kSigmoid: return sigmoids(a);
    default: return silus(a);
  }
}

template <int kStep>
void step_values(const float* a, const float* b, const float* c, size_t count, float* values) {
  for (size_t i = 0; i < count; i += 8) {
    const __m256 x = load_floats(a + i, count - i);
    const __m256 y = kStep < kSigmoid ? load_floats(b + i, count - i) : x;
    const __m256 z = kStep == kFusedMultiplyAdd ? load_floats(c + i, count - i) : x;
    store_floats(values + i, count - i, step_value<kStep>(x, y, z));
  }
}

// ---- pools ----

void pool_int32(const int32_t* const* pixels, size_t taps, size_t channels, const int32_t* flip, int32_t* largest) {
  for (size_t i = 0; i < channels; i += 8) {
    const size_t count = channels - i;
    const __m256i flipped = flip ? load_integers(flip + i, count) : _mm256_setzero_si256();
    __m256i best = _mm256_xor_si256(load_integers(pixels[0] + i, count), flipped);
    for (size_t tap = 1; tap < taps; ++tap) {
      best = _mm256_max_epi32(best, _mm256_xor_si256(load_integers(pixels[tap] + i, count), flipped));
    }
    store_integers(largest + i, count, _mm256_xor_si256(best, flipped));
  }
}

void pool_float(const float* const* pixels, size_t taps, size_t channels, float* largest) {
  for (size_t i = 0; i < channels; i += 8) {
    __m256 best = load_floats(pixels[0] + i, channels - i);
    for (size_t tap = 1; tap < taps; ++tap) {
      const __m256 value = load_floats(pixels[tap] + i, channels - i);
      const __m256 wins = _mm256_or_ps(_mm256_cmp_ps(value, best, _CMP_GT_OQ), is_nan(value));
      best = _mm256_blendv_ps(best, value, wins);
    }
    store_floats(largest + i, channels - i, best);
  }
}

// Words of 64 signs go as two of 32.
void pool_bits(const uint64_t* const* pixels, size_t taps, size_t words, const uint64_t* flip, uint64_t* largest) {
  for (size_t i = 0; i < words; i += 4) {
    const size_t count = 2 * (words - i);
    const __m256i flipped = flip ? load_integers((const int32_t*)(flip + i), count) : _mm256_setzero_si256();
    __m256i best = _mm256_set1_epi32(-1);
    for (size_t tap = 0; tap < taps; ++tap) {
      const __m256i value = load_integers((const int32_t*)(pixels[tap] + i), count);
      best = _mm256_and_si256(best, _mm256_xor_si256(value, flipped));
    }
    store_integers((int32_t*)(largest + i), count, _mm256_xor_si256(best, flipped));
  }
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

extern const Table kAvx2;
const Table kAvx2 = {
    "avx2",       has_avx2,     50,         pack_signs, unpack_signs, int32_to_float, uint8_to_float, binary_sums,
    binary_signs, integer_sums, float_sums, threshold,  pointwise,    pool_int32,     pool_float,     pool_bits,
};

}  // namespace kernels
}  // namespace sbit
