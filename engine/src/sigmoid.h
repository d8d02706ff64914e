// Sigmoid and SiLU: the sequence of operations that every instruction set carries out, so that all give the same bits.
// Plain C, like kernels.h, since kernel files include it.
//
// With z = exp(-|x|), sigmoid(x) is 1 / (1 + z) where x >= 0 and z / (1 + z) elsewhere: nothing overflows and nothing
// cancels. exp(t) = 2^n * exp(r), |r| <= ln(2) / 2, with a polynomial of degree 7 for exp(r). 2^n is applied in two
// halves, because it can be below the smallest normal number. SiLU multiplies by x before the second half, so that a
// denormal z costs its result no precision.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

namespace sbit {
namespace sigmoid_steps {

constexpr float kLeast = -104.0f;  // exp(-104) rounds to 0
constexpr float kLog2E = 1.44269504088896341f;
constexpr float kRound = 12582912.0f;     // 1.5 * 2^23: adding it rounds to an integer
constexpr float kLn2High = 0.693359375f;  // 355 / 512: n times it is exact
constexpr float kLn2Low = -2.12194440054690583e-4f;
// Minimax coefficients of Cephes' expf (Moshier 1989).
constexpr float kC2 = 5.0000001201e-1f;
constexpr float kC3 = 1.6666665459e-1f;
constexpr float kC4 = 4.1665795894e-2f;
constexpr float kC5 = 8.3334519073e-3f;
constexpr float kC6 = 1.3981999507e-3f;
constexpr float kC7 = 1.9875691500e-4f;

}  // namespace sigmoid_steps

// exp(t) = (1 + over_one) * first * second, both of which are powers of two.
struct Exponential {
  float over_one;
  float first;  // 0 where exp(t) rounds to 0
  float second;
};

// For t <= 0; a NaN counts as the least.
static inline struct Exponential exponential(float t) {
  using namespace sigmoid_steps;
  const float clamped = t > kLeast ? t : kLeast;
  const float n = fmaf(clamped, kLog2E, kRound) - kRound;
  const float r = fmaf(n, -kLn2Low, fmaf(n, -kLn2High, clamped));
  float p = fmaf(kC7, r, kC6);
  p = fmaf(p, r, kC5);
  p = fmaf(p, r, kC4);
  p = fmaf(p, r, kC3);
  p = fmaf(p, r, kC2);
  p = fmaf(p, r * r, r);
  const int32_t whole = (int32_t)n;
  const int32_t half = whole >> 1;
  const uint32_t first_bits = (uint32_t)(half + 127) << 23;
  const uint32_t second_bits = (uint32_t)(whole - half + 127) << 23;
  float first, second;
  memcpy(&first, &first_bits, 4);
  memcpy(&second, &second_bits, 4);
  return {p, t > kLeast ? first : 0.0f, second};
}

static inline float sigmoid(float x) {
  const struct Exponential e = exponential(-fabsf(x));
  const float z = ((e.over_one + 1.0f) * e.first) * e.second;
  const float result = (x >= 0.0f ? 1.0f : z) / (1.0f + z);
  return x != x ? x : result;
}

// x * z is made without the rounding of z: fma(x, over_one, x) is x * (1 + over_one).
static inline float silu(float x) {
  const struct Exponential e = exponential(-fabsf(x));
  const float z = ((e.over_one + 1.0f) * e.first) * e.second;
  const float xz = (fmaf(x, e.over_one, x) * e.first) * e.second;
  const float result = (x >= 0.0f ? x : xz) / (1.0f + z);
  return x != x ? x : result;
}

}  // namespace sbit
