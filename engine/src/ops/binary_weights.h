// The weights of a binary convolution as the kernels want them, and what a border changes.
#pragma once

#include "conv_loop.h"

namespace sbit {

// A view of packed weights: one block of memory that the caller owns, without addresses in it, aligned to 8 bytes.
//
// The file starts a new word of 64 signs for each tap; here the taps of a patch follow one another bit by bit, so that
// no popcount is spent on empty bits: [groups][blocks][words of 32 signs][lanes].
//
// Beside them are the sums that each output begins with, from which a kernel takes 2 for each sign that differs.
// Patches are gathered with +1 outside the image, where all signs have the value `padding_value`: that is wrong by
// (1 - padding_value) * the sum of the weights outside. Which taps are outside depends on the pixel; there are as many
// classes of pixels as there are distinct sets of taps inside, few, and each has its own sums.
class BinaryWeights {
 public:
  static size_t bytes(const ConvShape& shape) noexcept;
  // From weights as the file has them. `memory` takes bytes(shape).
  static void pack(const ConvShape& shape, const uint64_t* weights, int padding_value, void* memory) noexcept;

  BinaryWeights() = default;
  BinaryWeights(const ConvShape& shape, const void* memory) noexcept;

  const uint32_t* lanes_from(size_t lane) const noexcept { return weights_ + lane * words_; }
  // All pixels are of one class.
  bool uniform() const noexcept { return uniform_; }
  // [groups * group_lanes] of the class of an output pixel
  const int32_t* starts(size_t y, size_t x) const noexcept {
    return sums_ + (row_class_[y] * columns_ + column_class_[x]) * lanes_;
  }

 private:
  const uint32_t* row_class_ = nullptr;     // [rows of the output]
  const uint32_t* column_class_ = nullptr;  // [columns]
  const uint32_t* weights_ = nullptr;
  const int32_t* sums_ = nullptr;
  size_t words_ = 0;
  size_t lanes_ = 0;
  size_t columns_ = 0;  // classes along x
  bool uniform_ = true;
};

}  // namespace sbit
