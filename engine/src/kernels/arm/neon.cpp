// NEON, which every 64-bit Arm processor has.
//
// vcnt counts the bits of bytes: a product of signs is xor, count and add for 4 x 32 products, on a tile of 4 pixels x
// 16 outputs, whose counts stay in bytes for 31 words.
#include <arm_neon.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "../../sigmoid.h"
#include "../kernels.h"
#include "../pointwise_steps.h"

#define SIGNBIT_INLINE inline __attribute__((always_inline))

namespace sbit {
namespace kernels {
namespace {

bool supported() { return true; }

SIGNBIT_INLINE uint64_t first_bits(size_t count) { return count >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1; }

// Of an array's last lanes, those beyond its end are read as 0 and not written.
SIGNBIT_INLINE int32x4_t load_integers(const int32_t* from, size_t count) {
  if (count >= 4) return vld1q_s32(from);
  int32_t lanes[4] = {0, 0, 0, 0};
  for (size_t i = 0; i < count; ++i) lanes[i] = from[i];
  return vld1q_s32(lanes);
}
SIGNBIT_INLINE float32x4_t load_floats(const float* from, size_t count) {
  return vreinterpretq_f32_s32(load_integers((const int32_t*)from, count));
}
SIGNBIT_INLINE void store_integers(int32_t* to, size_t count, int32x4_t values) {
  if (count >= 4) return vst1q_s32(to, values);
  int32_t lanes[4];
  vst1q_s32(lanes, values);
  for (size_t i = 0; i < count; ++i) to[i] = lanes[i];
}
SIGNBIT_INLINE void store_floats(float* to, size_t count, float32x4_t values) {
  store_integers((int32_t*)to, count, vreinterpretq_s32_f32(values));
}

// What is left of `count` from `done` on.
SIGNBIT_INLINE size_t left(size_t count, size_t done) { return count > done ? count - done : 0; }

// One bit for each of 16 lanes that are all ones or all zeros.
SIGNBIT_INLINE uint64_t bits_of(const uint32x4_t (&lanes)[4]) {
  const uint8x8_t low = vmovn_u16(vcombine_u16(vmovn_u32(lanes[0]), vmovn_u32(lanes[1])));
  const uint8x8_t high = vmovn_u16(vcombine_u16(vmovn_u32(lanes[2]), vmovn_u32(lanes[3])));
  const uint8x8_t bit = vcreate_u8(0x8040201008040201u);
  return (uint64_t)vaddv_u8(vand_u8(low, bit)) | (uint64_t)vaddv_u8(vand_u8(high, bit)) << 8;
}

uint64_t threshold_word(const int32_t* integers, size_t channels, const Intervals* intervals, size_t word) {
  uint64_t inside = 0;
  for (size_t i = 0; i < channels; i += 16) {
    uint32x4_t lanes[4];
#pragma GCC unroll 4
    for (size_t v = 0; v < 4; ++v) {
      const size_t at = i + 4 * v;
      const uint32x4_t low = vreinterpretq_u32_s32(vld1q_s32(intervals->low + 64 * word + at));
      const uint32x4_t range = vld1q_u32(intervals->range + 64 * word + at);
      const uint32x4_t n = vreinterpretq_u32_s32(load_integers(integers + at, left(channels, at)));
      lanes[v] = vcleq_u32(vsubq_u32(n, low), range);  // unsigned: this is to wrap around
    }
    inside |= bits_of(lanes) << i;
  }
  return (inside ^ intervals->inside[word]) & first_bits(channels);
}

// ---- products: a tile is 4 pixels x 16 outputs, in 16 of the 32 registers ----

constexpr size_t kTileRows = 4;

// The product of signs. A word adds at most 8 to a byte: 31 of them fit.
constexpr size_t kStepWords = 31;

template <int kRows>
void binary_tile(const BinaryProduct* product, size_t row, size_t lane, int32_t (*sums)[kBlockLanes]) {
  const size_t stride = product->patch_stride;
  const uint32_t* patch = product->patches + row * stride;
  const uint32_t* weights = product->weights + lane;
  uint32x4_t totals[kRows][4];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) totals[r][v] = vdupq_n_u32(0);
  }
  for (size_t step = 0; step < product->words; step += kStepWords) {
    const size_t end = product->words - step < kStepWords ? product->words : step + kStepWords;
    uint8x16_t counts[kRows][4];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) counts[r][v] = vdupq_n_u8(0);
    }
    for (size_t word = step; word < end; ++word, weights += product->lanes) {
      uint8x16_t weight[4];
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) weight[v] = vreinterpretq_u8_u32(vld1q_u32(weights + 4 * v));
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const uint8x16_t input = vreinterpretq_u8_u32(vld1q_dup_u32(patch + r * stride + word));
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) counts[r][v] = vaddq_u8(counts[r][v], vcntq_u8(veorq_u8(input, weight[v])));
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) totals[r][v] = vpadalq_u16(totals[r][v], vpaddlq_u8(counts[r][v]));
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    const int32_t* start = product->starts[row + r] + product->first_lane + lane;
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const int32x4_t twice = vreinterpretq_s32_u32(vshlq_n_u32(totals[r][v], 1));
      vst1q_s32(sums[r] + lane + 4 * v, vsubq_s32(vld1q_s32(start + 4 * v), twice));
    }
  }
}

// What a product does with the sums of a row: store them, or turn them into a word of signs.
struct StoreSums {
  int32_t* sums;
  size_t stride;
  size_t outputs;

  SIGNBIT_INLINE void row(size_t row, const int32_t* values) const {
    for (size_t i = 0; i < outputs; i += 4) {
      store_integers(sums + row * stride + i, outputs - i, vld1q_s32(values + i));
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

template <int kRows, class Store>
void binary_rows(const BinaryProduct* product, size_t row, const Store& store) {
  int32_t sums[kRows][kBlockLanes];
  for (size_t lane = 0; lane < product->lanes; lane += 16) binary_tile<kRows>(product, row, lane, sums);
  for (int r = 0; r < kRows; ++r) store.row(row + r, sums[r]);
}

template <class Store>
void binary_product(const BinaryProduct* product, const Store& store) {
  size_t row = 0;
  for (; row + kTileRows <= product->rows; row += kTileRows) binary_rows<kTileRows>(product, row, store);
  switch (product->rows - row) {
    case 3: return binary_rows<3>(product, row, store);
    case 2: return binary_rows<2>(product, row, store);
    case 1: return binary_rows<1>(product, row, store);
    default: return;
  }
}

void binary_sums(const BinaryProduct* product, int32_t* sums, size_t stride) {
  binary_product(product, StoreSums{sums, stride, product->outputs});
}

void binary_signs(const BinaryProduct* product, const Intervals* intervals, uint64_t* words, size_t stride) {
  binary_product(product, StoreSigns{words, stride, product->outputs, intervals});
}

// The other products: a step takes one element of each patch, or one pair of them, with 16 outputs' weights.
struct Integers {
  using Vector = int32x4_t;
  enum { kElements = 2 };

  static SIGNBIT_INLINE size_t depth(const IntegerProduct* product) { return product->pairs; }
  static SIGNBIT_INLINE int32x4_t start(const IntegerProduct*, size_t) { return vdupq_n_s32(0); }
  template <int kRows>
  static SIGNBIT_INLINE void add(const int16_t* input, size_t stride, const int16_t* weights,
                                 int32x4_t (&totals)[kRows][4]) {
    const int16x8x2_t low = vld2q_s16(weights), high = vld2q_s16(weights + 16);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int k = 0; k < 2; ++k) {
        const int16x8_t x = vld1q_dup_s16(input + r * stride + k);
        totals[r][0] = vmlal_s16(totals[r][0], vget_low_s16(low.val[k]), vget_low_s16(x));
        totals[r][1] = vmlal_high_s16(totals[r][1], low.val[k], x);
        totals[r][2] = vmlal_s16(totals[r][2], vget_low_s16(high.val[k]), vget_low_s16(x));
        totals[r][3] = vmlal_high_s16(totals[r][3], high.val[k], x);
      }
    }
  }
  static SIGNBIT_INLINE void store(int32_t* to, size_t count, int32x4_t sums) { store_integers(to, count, sums); }
};

struct Floats {
  using Vector = float32x4_t;
  enum { kElements = 1 };

  static SIGNBIT_INLINE size_t depth(const FloatProduct* product) { return product->depth; }
  static SIGNBIT_INLINE float32x4_t start(const FloatProduct* product, size_t lane) {
    return vld1q_f32(product->start + lane);
  }
  template <int kRows>
  static SIGNBIT_INLINE void add(const float* input, size_t stride, const float* weights,
                                 float32x4_t (&totals)[kRows][4]) {
    float32x4_t weight[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) weight[v] = vld1q_f32(weights + 4 * v);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const float32x4_t x = vld1q_dup_f32(input + r * stride);
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) totals[r][v] = vfmaq_f32(totals[r][v], x, weight[v]);
    }
  }
  static SIGNBIT_INLINE void store(float* to, size_t count, float32x4_t sums) { store_floats(to, count, sums); }
};

template <int kRows, class Numbers, class Product, class T>
void real_tile(const Product* product, size_t row, size_t lane, T* sums, size_t sums_stride) {
  const size_t stride = product->patch_stride, depth = Numbers::depth(product);
  const auto* input = product->patches + row * stride;
  const auto* weights = product->weights + Numbers::kElements * lane;
  typename Numbers::Vector totals[kRows][4];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) totals[r][v] = Numbers::start(product, lane + 4 * v);
  }
  for (size_t i = 0; i < depth; ++i) {
    Numbers::add(input + i * Numbers::kElements, stride, weights + i * Numbers::kElements * product->lanes, totals);
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const size_t at = lane + 4 * v;
      Numbers::store(sums + (row + r) * sums_stride + at, left(product->outputs, at), totals[r][v]);
    }
  }
}

template <class Numbers, class Product, class T>
void real_product(const Product* product, T* sums, size_t stride) {
  const size_t rows = product->rows;
  for (size_t lane = 0; lane < product->outputs; lane += 16) {
    size_t row = 0;
    for (; row + kTileRows <= rows; row += kTileRows) real_tile<kTileRows, Numbers>(product, row, lane, sums, stride);
    switch (rows - row) {
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
  const float32x4_t zero = vdupq_n_f32(0.0f);
  for (size_t first = 0; first < count; first += 64) {
    uint64_t positive = 0;
    for (size_t i = 0; i < 64 && first + i < count; i += 16) {
      uint32x4_t lanes[4];
#pragma GCC unroll 4
      for (size_t v = 0; v < 4; ++v) {
        const size_t at = first + i + 4 * v;
        lanes[v] = vcgeq_f32(load_floats(values + at, left(count, at)), zero);
      }
      positive |= bits_of(lanes) << i;
    }
    words[first / 64] = ~positive & first_bits(count - first);
  }
}

void unpack_signs(const uint64_t* words, size_t count, float* values) {
  const uint32_t bits[4] = {1, 2, 4, 8};
  const uint32x4_t bit = vld1q_u32(bits);
  for (size_t i = 0; i < count; i += 4) {
    const uint32x4_t negative = vtstq_u32(vdupq_n_u32((uint32_t)(words[i / 64] >> (i % 64) & 15)), bit);
    store_floats(values + i, count - i, vbslq_f32(negative, vdupq_n_f32(-1.0f), vdupq_n_f32(1.0f)));
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
  for (size_t i = 0; i < count; i += 4) {
    store_floats(values + i, count - i, vcvtq_f32_s32(load_integers(integers + i, count - i)));
  }
}

void uint8_to_float(const uint8_t* pixels, size_t count, float* values) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const uint16x8_t wide = vmovl_u8(vld1_u8(pixels + i));
    vst1q_f32(values + i, vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide))));
    vst1q_f32(values + i + 4, vcvtq_f32_u32(vmovl_high_u16(wide)));
  }
  for (; i < count; ++i) values[i] = (float)pixels[i];
}

// The operations of sigmoid.h, one for one.
struct Exponentials {
  float32x4_t over_one, first, second;
};

SIGNBIT_INLINE Exponentials exponentials(float32x4_t t) {
  using namespace sigmoid_steps;
  const float32x4_t least = vdupq_n_f32(kLeast), round = vdupq_n_f32(kRound);
  const uint32x4_t not_zero = vcgtq_f32(t, least);
  const float32x4_t clamped = vbslq_f32(not_zero, t, least);
  const float32x4_t n = vsubq_f32(vfmaq_f32(round, clamped, vdupq_n_f32(kLog2E)), round);
  float32x4_t r = vfmsq_f32(clamped, n, vdupq_n_f32(kLn2High));
  r = vfmsq_f32(r, n, vdupq_n_f32(kLn2Low));
  float32x4_t p = vfmaq_f32(vdupq_n_f32(kC6), vdupq_n_f32(kC7), r);
  p = vfmaq_f32(vdupq_n_f32(kC5), p, r);
  p = vfmaq_f32(vdupq_n_f32(kC4), p, r);
  p = vfmaq_f32(vdupq_n_f32(kC3), p, r);
  p = vfmaq_f32(vdupq_n_f32(kC2), p, r);
  p = vfmaq_f32(r, p, vmulq_f32(r, r));
  const int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
  const int32x4_t bias = vdupq_n_s32(127);
  const int32x4_t first = vshlq_n_s32(vaddq_s32(half, bias), 23);
  const int32x4_t second = vshlq_n_s32(vaddq_s32(vsubq_s32(whole, half), bias), 23);
  return {p, vreinterpretq_f32_u32(vandq_u32(not_zero, vreinterpretq_u32_s32(first))), vreinterpretq_f32_s32(second)};
}

SIGNBIT_INLINE float32x4_t minus_magnitude(float32x4_t x) { return vnegq_f32(vabsq_f32(x)); }
SIGNBIT_INLINE uint32x4_t is_nan(float32x4_t x) { return vmvnq_u32(vceqq_f32(x, x)); }

// top / (1 + z), and x itself where it is NaN
SIGNBIT_INLINE float32x4_t finish(float32x4_t x, float32x4_t top, float32x4_t z) {
  return vbslq_f32(is_nan(x), x, vdivq_f32(top, vaddq_f32(vdupq_n_f32(1.0f), z)));
}

SIGNBIT_INLINE float32x4_t whole_exponential(const Exponentials& e) {
  return vmulq_f32(vmulq_f32(vaddq_f32(e.over_one, vdupq_n_f32(1.0f)), e.first), e.second);
}

SIGNBIT_INLINE float32x4_t sigmoids(float32x4_t x) {
  const float32x4_t z = whole_exponential(exponentials(minus_magnitude(x)));
  return finish(x, vbslq_f32(vcgezq_f32(x), vdupq_n_f32(1.0f), z), z);
}

SIGNBIT_INLINE float32x4_t silus(float32x4_t x) {
  const Exponentials e = exponentials(minus_magnitude(x));
  const float32x4_t xz = vmulq_f32(vmulq_f32(vfmaq_f32(x, x, e.over_one), e.first), e.second);
  return finish(x, vbslq_f32(vcgezq_f32(x), x, xz), whole_exponential(e));
}

template <int kStep>
SIGNBIT_INLINE float32x4_t step_value(float32x4_t a, float32x4_t b, float32x4_t c) {
  switch (kStep) {
    case kAdd: return vaddq_f32(a, b);
    case kSubtract: return vsubq_f32(a, b);
    case kMultiply: return vmulq_f32(a, b);
    case kDivide: return vdivq_f32(a, b);
    // Not vmin and vmax, which take -0 for less than 0, and any NaN.
    case kMinimum: return vbslq_f32(vorrq_u32(vcltq_f32(a, b), is_nan(a)), a, b);
    case kMaximum: return vbslq_f32(vorrq_u32(vcgtq_f32(a, b), is_nan(a)), a, b);
    case kFusedMultiplyAdd: return vfmaq_f32(c, a, b);
    case kPRelu: return vbslq_f32(vcgtzq_f32(a), a, vmulq_f32(a, b));
    case kSigmoid: return sigmoids(a);
    default: return silus(a);
  }
}

template <int kStep>
void step_values(const float* a, const float* b, const float* c, size_t count, float* values) {
  for (size_t i = 0; i < count; i += 4) {
    const float32x4_t x = load_floats(a + i, count - i);
    const float32x4_t y = kStep < kSigmoid ? load_floats(b + i, count - i) : x;
    const float32x4_t z = kStep == kFusedMultiplyAdd ? load_floats(c + i, count - i) : x;
    store_floats(values + i, count - i, step_value<kStep>(x, y, z));
  }
}

// ---- pools ----

void pool_int32(const int32_t* const* pixels, size_t taps, size_t channels, const int32_t* flip, int32_t* largest) {
  for (size_t i = 0; i < channels; i += 4) {
    const size_t count = channels - i;
    const int32x4_t flipped = flip ? load_integers(flip + i, count) : vdupq_n_s32(0);
    int32x4_t best = veorq_s32(load_integers(pixels[0] + i, count), flipped);
    for (size_t tap = 1; tap < taps; ++tap) {
      best = vmaxq_s32(best, veorq_s32(load_integers(pixels[tap] + i, count), flipped));
    }
    store_integers(largest + i, count, veorq_s32(best, flipped));
  }
}

void pool_float(const float* const* pixels, size_t taps, size_t channels, float* largest) {
  for (size_t i = 0; i < channels; i += 4) {
    float32x4_t best = load_floats(pixels[0] + i, channels - i);
    for (size_t tap = 1; tap < taps; ++tap) {
      const float32x4_t value = load_floats(pixels[tap] + i, channels - i);
      best = vbslq_f32(vorrq_u32(vcgtq_f32(value, best), is_nan(value)), value, best);
    }
    store_floats(largest + i, channels - i, best);
  }
}

// Words of 64 signs go as two of 32.
void pool_bits(const uint64_t* const* pixels, size_t taps, size_t words, const uint64_t* flip, uint64_t* largest) {
  for (size_t i = 0; i < words; i += 2) {
    const size_t count = 2 * (words - i);
    const int32x4_t flipped = flip ? load_integers((const int32_t*)(flip + i), count) : vdupq_n_s32(0);
    int32x4_t best = vdupq_n_s32(-1);
    for (size_t tap = 0; tap < taps; ++tap) {
      best = vandq_s32(best, veorq_s32(load_integers((const int32_t*)(pixels[tap] + i), count), flipped));
    }
    store_integers((int32_t*)(largest + i), count, veorq_s32(best, flipped));
  }
}

}  // namespace

extern const Table kNeon;
const Table kNeon = {
    "neon",       supported,    50,         pack_signs, unpack_signs, int32_to_float, uint8_to_float, binary_sums,
    binary_signs, integer_sums, float_sums, threshold,  pointwise,    pool_int32,     pool_float,     pool_bits,
};

}  // namespace kernels
}  // namespace sbit
