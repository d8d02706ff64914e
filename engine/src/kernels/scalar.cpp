// The reference kernels: they define the results of all others, and run on every processor.
#include <math.h>
#include <string.h>

#include "../sigmoid.h"
#include "kernels.h"

namespace sbit {
namespace kernels {
namespace {

bool supported() { return true; }

uint32_t differing(uint32_t a, uint32_t b) {
  // Without an instruction for it; written out because the compiler turns this into SSE2 and a built-in into a call.
  uint32_t x = a ^ b;
  x = x - ((x >> 1) & 0x55555555u);
  x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
  x = (x + (x >> 4)) & 0x0F0F0F0Fu;
  x = x + (x >> 8);
  return (x + (x >> 16)) & 63u;
}

void pack_signs(const float* values, size_t count, uint64_t* words) {
  for (size_t first = 0; first < count; first += 64) {
    const size_t bits = count - first < 64 ? count - first : 64;
    uint64_t word = 0;
    for (size_t i = 0; i < bits; ++i) word |= uint64_t(!(values[first + i] >= 0.0f)) << i;
    words[first / 64] = word;
  }
}

void unpack_signs(const uint64_t* words, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = (words[i / 64] >> (i % 64)) & 1 ? -1.0f : 1.0f;
}

void int32_to_float(const int32_t* integers, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = (float)integers[i];
}

void uint8_to_float(const uint8_t* pixels, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = (float)pixels[i];
}

// The sums of one row, for all lanes of the block.
void binary_row(const BinaryProduct* product, size_t row, int32_t* sums) {
  const uint32_t* patch = product->patches + row * product->patch_stride;
  const size_t lanes = product->lanes;
  uint32_t counts[kBlockLanes] = {0};
  for (size_t word = 0; word < product->words; ++word) {
    const uint32_t* weights = product->weights + word * lanes;
    for (size_t lane = 0; lane < lanes; ++lane) counts[lane] += differing(patch[word], weights[lane]);
  }
  const int32_t* start = product->starts[row] + product->first_lane;
  for (size_t lane = 0; lane < lanes; ++lane) sums[lane] = start[lane] - 2 * (int32_t)counts[lane];
}

void binary_sums(const BinaryProduct* product, int32_t* sums, size_t stride) {
  int32_t row_sums[kBlockLanes];
  for (size_t row = 0; row < product->rows; ++row) {
    binary_row(product, row, row_sums);
    memcpy(sums + row * stride, row_sums, product->outputs * sizeof(int32_t));
  }
}

uint64_t threshold_word(const int32_t* integers, size_t channels, const Intervals* intervals, size_t word) {
  uint64_t inside = 0;
  for (size_t i = 0; i < channels; ++i) {
    const size_t channel = word * 64 + i;
    const uint32_t distance = (uint32_t)integers[i] - (uint32_t)intervals->low[channel];
    inside |= uint64_t(distance <= intervals->range[channel]) << i;
  }
  const uint64_t used = channels == 64 ? ~uint64_t(0) : (uint64_t(1) << channels) - 1;
  return (inside ^ intervals->inside[word]) & used;
}

void binary_signs(const BinaryProduct* product, const Intervals* intervals, uint64_t* words, size_t stride) {
  int32_t sums[kBlockLanes];
  for (size_t row = 0; row < product->rows; ++row) {
    binary_row(product, row, sums);
    words[row * stride] = threshold_word(sums, product->outputs, intervals, 0);
  }
}

void threshold(const int32_t* integers, size_t channels, const Intervals* intervals, uint64_t* words) {
  for (size_t first = 0; first < channels; first += 64) {
    const size_t count = channels - first < 64 ? channels - first : 64;
    words[first / 64] = threshold_word(integers + first, count, intervals, first / 64);
  }
}

void integer_sums(const IntegerProduct* product, int32_t* sums, size_t stride) {
  const size_t lanes = product->lanes;
  for (size_t row = 0; row < product->rows; ++row) {
    const int16_t* patch = product->patches + row * product->patch_stride;
    int32_t totals[kBlockLanes] = {0};
    for (size_t pair = 0; pair < product->pairs; ++pair) {
      const int16_t* weights = product->weights + pair * lanes * 2;
      for (size_t lane = 0; lane < lanes; ++lane) {
        totals[lane] += patch[2 * pair] * weights[2 * lane] + patch[2 * pair + 1] * weights[2 * lane + 1];
      }
    }
    memcpy(sums + row * stride, totals, product->outputs * sizeof(int32_t));
  }
}

void float_sums(const FloatProduct* product, float* sums, size_t stride) {
  const size_t lanes = product->lanes;
  for (size_t row = 0; row < product->rows; ++row) {
    const float* patch = product->patches + row * product->patch_stride;
    float totals[kBlockLanes];
    memcpy(totals, product->start, lanes * sizeof(float));
    for (size_t i = 0; i < product->depth; ++i) {
      const float* weights = product->weights + i * lanes;
      for (size_t lane = 0; lane < product->outputs; ++lane) totals[lane] = fmaf(patch[i], weights[lane], totals[lane]);
    }
    memcpy(sums + row * stride, totals, product->outputs * sizeof(float));
  }
}

float step_value(Step step, float a, float b, float c) {
  switch (step) {
    case kAdd: return a + b;
    case kSubtract: return a - b;
    case kMultiply: return a * b;
    case kDivide: return a / b;
    case kMinimum: return a < b || a != a ? a : b;
    case kMaximum: return a > b || a != a ? a : b;
    case kFusedMultiplyAdd: return fmaf(a, b, c);
    case kPRelu: return a > 0.0f ? a : a * b;
    case kSigmoid: return sigmoid(a);
    case kSilu: return silu(a);
  }
  return a;
}

void pointwise(Step step, const float* a, const float* b, const float* c, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = step_value(step, a[i], b ? b[i] : 0.0f, c ? c[i] : 0.0f);
}

void pool_int32(const int32_t* const* pixels, size_t taps, size_t channels, const int32_t* flip, int32_t* largest) {
  for (size_t channel = 0; channel < channels; ++channel) {
    const int32_t flipped = flip ? flip[channel] : 0;
    int32_t best = pixels[0][channel] ^ flipped;
    for (size_t tap = 1; tap < taps; ++tap) {
      const int32_t value = pixels[tap][channel] ^ flipped;
      best = value > best ? value : best;
    }
    largest[channel] = best ^ flipped;
  }
}

void pool_float(const float* const* pixels, size_t taps, size_t channels, float* largest) {
  for (size_t channel = 0; channel < channels; ++channel) {
    float best = pixels[0][channel];
    for (size_t tap = 1; tap < taps; ++tap) {
      const float value = pixels[tap][channel];
      best = value > best || value != value ? value : best;
    }
    largest[channel] = best;
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

extern const Table kScalar;
const Table kScalar = {
    "scalar",     supported,    0,          pack_signs, unpack_signs, int32_to_float, uint8_to_float, binary_sums,
    binary_signs, integer_sums, float_sums, threshold,  pointwise,    pool_int32,     pool_float,     pool_bits,
};

}  // namespace kernels
}  // namespace sbit
