// A binary convolution that is ready to run. It owns nothing: the op of a session and the plain C kernel library keep
// the packed weights and thresholds where they like.
#pragma once

#include "binary_weights.h"

namespace sbit {

class BinaryConvolution {
 public:
  // `intervals` is null where the result is integers. All are kept by address.
  BinaryConvolution(const ConvShape& shape, const BinaryWeights& weights, const kernels::Intervals* intervals,
                    const kernels::Table& kernels) noexcept
      : kernels_(kernels), shape_(shape), weights_(weights), intervals_(intervals) {}

  // For each thread; aligned to 8 bytes.
  static size_t scratch_bytes(const ConvShape& shape, bool to_bits) noexcept;

  // bits -> int32, or bits where there are intervals
  void run(const Call& call) const noexcept;

 private:
  void find_starts(uint8_t* scratch, const Chunk& chunk) const noexcept;
  void gather(const Call& call, uint8_t* scratch, const Chunk& chunk, size_t group) const noexcept;
  void multiply(const Call& call, uint8_t* scratch, const Chunk& chunk, size_t group, size_t block) const noexcept;

  const kernels::Table& kernels_;
  const ConvShape& shape_;
  const BinaryWeights& weights_;
  const kernels::Intervals* intervals_;
};

}  // namespace sbit
