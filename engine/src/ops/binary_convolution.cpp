#include "binary_convolution.h"

#include "bit_runs.h"
#include "intervals.h"

namespace sbit {
namespace {

size_t pixel_words(const ConvShape& shape) noexcept { return ceil_div(shape.channels, 64); }
bool whole_words(const ConvShape& shape) noexcept { return shape.group_channels() % 64 == 0; }

// The input itself is the patches, one after the other.
bool is_direct(const ConvShape& shape) noexcept {
  const bool whole_image = shape.window.is_whole_image() && whole_words(shape);
  return shape.groups == 1 && (shape.window.is_pointwise() || whole_image);
}

// The signs of a group do not end with a word: its sums wait for those of the other groups.
bool keeps_sums(const ConvShape& shape, bool to_bits) noexcept {
  return to_bits && shape.groups > 1 && shape.group_outputs() % 64 != 0;
}

// In words of 32 signs; a patch starts with a word of 64.
size_t patch_stride(const ConvShape& shape) noexcept {
  return is_direct(shape) ? shape.window.taps() * pixel_words(shape) * 2 : ceil_div(shape.depth(), 64) * 2;
}

size_t most_rows_of(const ConvShape& shape) noexcept {
  return is_direct(shape) ? kMostRows : most_rows(patch_stride(shape) * sizeof(uint32_t));
}

// A thread's scratch: patches, a pointer to the starts of each row, the sums of each row.
size_t starts_offset(const ConvShape& shape) noexcept {
  return is_direct(shape) ? 0 : most_rows_of(shape) * patch_stride(shape) * sizeof(uint32_t);
}
size_t sums_offset(const ConvShape& shape) noexcept {
  return starts_offset(shape) + most_rows_of(shape) * sizeof(const int32_t*);
}

}  // namespace

size_t BinaryConvolution::scratch_bytes(const ConvShape& shape, bool to_bits) noexcept {
  const size_t sums = keeps_sums(shape, to_bits) ? most_rows_of(shape) * shape.outputs * sizeof(int32_t) : 0;
  return sums_offset(shape) + sums;
}

void BinaryConvolution::run(const Call& call) const noexcept {
  const auto prepare = [&](uint8_t* scratch, const Chunk& chunk, size_t group) {
    find_starts(scratch, chunk);
    if (!is_direct(shape_)) gather(call, scratch, chunk, group);
  };
  const auto multiply_block = [&](uint8_t* scratch, const Chunk& chunk, size_t group, size_t block) {
    multiply(call, scratch, chunk, group, block);
  };
  const bool may_split = !keeps_sums(shape_, intervals_ != nullptr);
  conv_loop(call, shape_, most_rows_of(shape_), may_split, prepare, multiply_block);
}

void BinaryConvolution::find_starts(uint8_t* scratch, const Chunk& chunk) const noexcept {
  auto* starts = reinterpret_cast<const int32_t**>(scratch + starts_offset(shape_));
  if (weights_.uniform()) {
    std::fill_n(starts, chunk.rows, weights_.starts(0, 0));
    return;
  }
  PixelPlace place(shape_.window, chunk.first);
  for (size_t row = 0; row < chunk.rows; ++row, place.next(shape_.window)) {
    starts[row] = weights_.starts(place.y, place.x);
  }
}

void BinaryConvolution::gather(const Call& call, uint8_t* scratch, const Chunk& chunk, size_t group) const noexcept {
  auto* patches = reinterpret_cast<uint64_t*>(scratch);
  const size_t stride = patch_stride(shape_) / 2, pixel_size = pixel_words(shape_);
  const Window& window = shape_.window;
  const size_t channels = shape_.group_channels();
  if (whole_words(shape_)) {
    gather_patches(window, call.input<uint64_t>(), pixel_size, channels / 64, chunk, group, patches, stride, CopyRun{});
    return;
  }
  std::fill_n(patches, chunk.rows * stride, uint64_t{0});
  PixelPlace place(window, chunk.first);
  for (size_t row = 0; row < chunk.rows; ++row, place.next(window)) {
    const uint64_t* image = call.input<uint64_t>() + place.image * window.in_pixels() * pixel_size;
    const auto copy = [&](int tap, int taps, int y, int x) {
      const uint64_t* pixel = image + (size_t(y) * window.x.size + x) * pixel_size;
      for (int i = 0; i < taps; ++i) {
        copy_bits(pixel + i * pixel_size, group * channels, channels, patches + row * stride, (tap + i) * channels);
      }
    };
    for_each_run(window, window.y.inside(place.y), window.x.inside(place.x), place.y, place.x, copy);
  }
}

void BinaryConvolution::multiply(const Call& call, uint8_t* scratch, const Chunk& chunk, size_t group,
                                 size_t block) const noexcept {
  const size_t lane = shape_.first_lane(group, block), output = shape_.first_output(group, block);
  const size_t stride = patch_stride(shape_);
  const uint32_t* patches = is_direct(shape_) ? call.input<uint32_t>() + chunk.first * stride
                                              : reinterpret_cast<const uint32_t*>(scratch);
  const kernels::BinaryProduct product{patches,
                                       chunk.rows,
                                       stride,
                                       weights_.lanes_from(lane),
                                       ceil_div(shape_.depth(), 32),
                                       shape_.block_lanes(block),
                                       shape_.block_outputs(block),
                                       reinterpret_cast<const int32_t* const*>(scratch + starts_offset(shape_)),
                                       lane};
  if (!intervals_) {
    kernels_.binary_sums(&product, call.output<int32_t>() + chunk.first * shape_.outputs + output, shape_.outputs);
    return;
  }
  const size_t out_words = ceil_div(shape_.outputs, 64);
  uint64_t* signs = call.output<uint64_t>() + chunk.first * out_words;
  if (!keeps_sums(shape_, true)) {
    const kernels::Intervals intervals = from_channel(*intervals_, output);
    kernels_.binary_signs(&product, &intervals, signs + output / 64, out_words);
    return;
  }
  auto* sums = reinterpret_cast<int32_t*>(scratch + sums_offset(shape_));
  kernels_.binary_sums(&product, sums + output, shape_.outputs);
  if (group + 1 < shape_.groups || block + 1 < shape_.blocks()) return;
  for (size_t row = 0; row < chunk.rows; ++row) {
    kernels_.threshold(sums + row * shape_.outputs, shape_.outputs, intervals_, signs + row * out_words);
  }
}

}  // namespace sbit
