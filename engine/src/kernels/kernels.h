// The kernels of the engine: what one instruction set fills in. Plain C types only, and only C headers: a kernel file
// may not instantiate std templates, or code for one processor leaks into functions that run on every processor.
//
// All of them trust their arguments, write nothing but what is stated, and need no alignment beyond that of the
// elements. Every instruction set gives the same bits as the scalar one, floats included (NaN payloads aside).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace sbit {
namespace kernels {

// Outputs are computed 16 at a time, up to 64 in a block: a lane is an output, so that nothing is added across lanes.
enum { kLanes = 16, kBlockLanes = 64 };

// The product of `rows` patches (the inputs under one output pixel, in a row) with the weights of one block. Weights
// are [depth][lanes]; lanes is a multiple of 16, and of them the first `outputs` are stored.
struct BinaryProduct {
  const uint32_t* patches;
  size_t rows;
  size_t patch_stride;  // in words of 32 signs
  const uint32_t* weights;
  size_t words;  // of 32 signs; the depth
  size_t lanes;
  size_t outputs;
  const int32_t* const* starts;  // for each row, the sums of a patch that agrees everywhere, [lanes], ...
  size_t first_lane;             // ... to be read from here on
};

// n = start + the sum of the products of pairs; weights are [pairs][lanes][2].
struct IntegerProduct {
  const int16_t* patches;
  size_t rows;
  size_t patch_stride;  // in elements
  const int16_t* weights;
  size_t pairs;
  size_t lanes;
  size_t outputs;
};

struct FloatProduct {
  const float* patches;
  size_t rows;
  size_t patch_stride;
  const float* weights;
  size_t depth;
  size_t lanes;
  size_t outputs;
  const float* start;  // [lanes]
};

// For each channel, the integers that give +1: those with uint32(n - low) <= range, or all others where the channel's
// bit of `inside` is clear. Arrays are padded to a multiple of 64 channels; padding gives +1 for every n.
struct Intervals {
  const int32_t* low;
  const uint32_t* range;
  const uint64_t* inside;
};

// The codes of docs/file-format.md.
enum Step { kAdd = 1, kSubtract, kMultiply, kDivide, kMinimum, kMaximum, kFusedMultiplyAdd, kPRelu, kSigmoid, kSilu };

struct Table {
  const char* isa;          // lower case; printed, and accepted by SIGNBIT_ISA
  bool (*supported)(void);  // this processor and its operating system can run it
  int priority;             // the highest supported one is taken

  // Bit i is 1 where values[i] >= 0 does not hold, so both zeros are +1 and zeroed memory is +1. The bits of the last
  // word that have no value are 0.
  void (*pack_signs)(const float* values, size_t count, uint64_t* words);
  void (*unpack_signs)(const uint64_t* words, size_t count, float* values);
  void (*int32_to_float)(const int32_t* integers, size_t count, float* values);
  void (*uint8_to_float)(const uint8_t* pixels, size_t count, float* values);

  // sums[row * stride + o] = start - 2 * the number of signs in which patch and weights of output o differ.
  void (*binary_sums)(const BinaryProduct* product, int32_t* sums, size_t stride);
  // The same, followed by the thresholds of this block's channels: one word of signs for each row.
  void (*binary_signs)(const BinaryProduct* product, const Intervals* intervals, uint64_t* words, size_t stride);
  void (*integer_sums)(const IntegerProduct* product, int32_t* sums, size_t stride);
  // One accumulator for each output, one fused multiply-add for each input, in order.
  void (*float_sums)(const FloatProduct* product, float* sums, size_t stride);

  void (*threshold)(const int32_t* integers, size_t channels, const Intervals* intervals, uint64_t* words);

  // values[i] = step(a[i], b[i], c[i]); what the step does not use may be null. values may be a, b or c.
  void (*pointwise)(Step step, const float* a, const float* b, const float* c, size_t count, float* values);

  // The largest of `taps` pixels, channel by channel; the smallest where the channel's flip is all ones. flip may be
  // null: all zeros. Of equal floats the first is kept, and a NaN wins.
  void (*pool_int32)(const int32_t* const* pixels, size_t taps, size_t channels, const int32_t* flip, int32_t* largest);
  void (*pool_float)(const float* const* pixels, size_t taps, size_t channels, float* largest);
  // +1 (a clear bit) is larger than -1.
  void (*pool_bits)(const uint64_t* const* pixels, size_t taps, size_t words, const uint64_t* flip, uint64_t* largest);
};

}  // namespace kernels
}  // namespace sbit
