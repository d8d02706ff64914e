// The weights of a binary convolution as the kernels want them, and what a border changes.
#pragma once

#include <vector>

#include "conv_loop.h"

namespace sbit {

// [groups][blocks][words of 32 signs][lanes]. The file starts a new word of 64 for each tap; here the taps of a patch
// follow one another bit by bit, so that no popcount is spent on empty bits.
std::vector<uint32_t> pack_binary_weights(const ConvShape& shape, const uint64_t* weights);
inline size_t binary_weights_bytes(const ConvShape& shape) {
  return shape.groups * shape.group_lanes() * ceil_div(shape.depth(), 32) * sizeof(uint32_t);
}

// The sum that each output begins with, from which a kernel takes 2 for each sign that differs.
//
// Patches are gathered with +1 outside the image, where all signs have the value `padding_value`: that is wrong by
// (1 - padding_value) * the sum of the weights outside. Which taps are outside depends on the pixel; there are as many
// classes of pixels as there are distinct sets of taps inside, few, and each has its own sums.
class BorderSums {
 public:
  BorderSums(const ConvShape& shape, const uint64_t* weights, int padding_value);

  // All pixels are of one class.
  bool uniform() const noexcept { return sums_.size() == lanes_; }
  // [groups * group_lanes] of the class of an output pixel
  const int32_t* of(size_t y, size_t x) const noexcept {
    return sums_.data() + (row_class_[y] * columns_ + column_class_[x]) * lanes_;
  }

 private:
  size_t lanes_;
  size_t columns_ = 0;  // classes along x
  std::vector<uint32_t> row_class_;
  std::vector<uint32_t> column_class_;
  std::vector<int32_t> sums_;
};

size_t border_sums_bytes(const ConvShape& shape);

}  // namespace sbit
