// The convolution of signs with signs: n = depth - 2 * the number of signs that differ.
#include <optional>
#include <vector>

#include "binary_weights.h"
#include "bit_runs.h"
#include "intervals.h"

namespace sbit {
namespace {

constexpr size_t kMostDepth = size_t{1} << 24;

class BinaryConv : public PreparedOp {
 public:
  BinaryConv(const Graph& graph, const Op& op, const kernels::Table& kernels)
      : kernels_(kernels),
        shape_(conv_shape(graph, op, static_cast<size_t>(op.attributes[8]))),
        words_(ceil_div(shape_.depth(), 32)),
        weights_(pack_binary_weights(shape_, graph.constant_of(op, 0).as<uint64_t>())),
        starts_(shape_, graph.constant_of(op, 0).as<uint64_t>(), op.attributes[9]) {
    if (graph.output_of(op).type == Type::bits) intervals_.emplace(graph, op, 1, shape_.outputs);
  }

  size_t scratch_bytes() const noexcept override { return sums_offset() + (keeps_sums() ? rows() * sums_bytes() : 0); }

  void run(const Call& call) const noexcept override {
    const auto gather = [&](uint8_t* scratch, const Chunk& chunk, size_t group) {
      find_starts(scratch, chunk);
      if (!is_direct()) gather_chunk(call, scratch, chunk, group);
    };
    const auto multiply = [&](uint8_t* scratch, const Chunk& chunk, size_t group, size_t block) {
      multiply_block(call, scratch, chunk, group, block);
    };
    conv_loop(call, shape_, rows(), !keeps_sums(), gather, multiply);
  }

 private:
  size_t pixel_words() const noexcept { return ceil_div(shape_.channels, 64); }
  bool whole_words() const noexcept { return shape_.group_channels() % 64 == 0; }

  // The input itself is the patches, one after the other.
  bool is_direct() const noexcept {
    const bool whole_image = shape_.window.is_whole_image() && whole_words();
    return shape_.groups == 1 && (shape_.window.is_pointwise() || whole_image);
  }
  // The signs of a group do not end with a word: its sums wait for those of the other groups.
  bool keeps_sums() const noexcept { return intervals_ && shape_.groups > 1 && shape_.group_outputs() % 64 != 0; }

  // In words of 32 signs; a patch starts with a word of 64.
  size_t patch_stride() const noexcept {
    return is_direct() ? shape_.window.taps() * pixel_words() * 2 : round_up(words_, 2);
  }
  size_t rows() const noexcept { return is_direct() ? kMostRows : most_rows(patch_stride() * sizeof(uint32_t)); }

  // A thread's scratch: patches, a pointer to the starts of each row, the sums of each row.
  size_t starts_offset() const noexcept { return is_direct() ? 0 : rows() * patch_stride() * sizeof(uint32_t); }
  size_t sums_offset() const noexcept { return starts_offset() + rows() * sizeof(const int32_t*); }
  size_t sums_bytes() const noexcept { return shape_.outputs * sizeof(int32_t); }

  void find_starts(uint8_t* scratch, const Chunk& chunk) const noexcept {
    auto* starts = reinterpret_cast<const int32_t**>(scratch + starts_offset());
    if (starts_.uniform()) {
      std::fill_n(starts, chunk.rows, starts_.of(0, 0));
      return;
    }
    PixelPlace place(shape_.window, chunk.first);
    for (size_t row = 0; row < chunk.rows; ++row, place.next(shape_.window)) starts[row] = starts_.of(place.y, place.x);
  }

  void gather_chunk(const Call& call, uint8_t* scratch, const Chunk& chunk, size_t group) const noexcept {
    auto* patches = reinterpret_cast<uint64_t*>(scratch);
    const size_t stride = patch_stride() / 2;
    if (whole_words()) {
      gather_patches(shape_.window, call.input<uint64_t>(), pixel_words(), shape_.group_channels() / 64, chunk, group,
                     patches, stride, CopyRun{});
      return;
    }
    std::fill_n(patches, chunk.rows * stride, uint64_t{0});
    const Window& window = shape_.window;
    const size_t channels = shape_.group_channels();
    PixelPlace place(window, chunk.first);
    for (size_t row = 0; row < chunk.rows; ++row, place.next(window)) {
      const uint64_t* image = call.input<uint64_t>() + place.image * window.in_pixels() * pixel_words();
      const auto copy = [&](int tap, int taps, int y, int x) {
        const uint64_t* pixel = image + (size_t(y) * window.x.size + x) * pixel_words();
        for (int i = 0; i < taps; ++i) {
          copy_bits(pixel + i * pixel_words(), group * channels, channels, patches + row * stride,
                    (tap + i) * channels);
        }
      };
      for_each_run(window, window.y.inside(place.y), window.x.inside(place.x), place.y, place.x, copy);
    }
  }

  void multiply_block(const Call& call, uint8_t* scratch, const Chunk& chunk, size_t group,
                      size_t block) const noexcept {
    const size_t lane = shape_.first_lane(group, block), output = shape_.first_output(group, block);
    const auto* input = call.input<uint32_t>() + chunk.first * patch_stride();
    const kernels::BinaryProduct product{is_direct() ? input : reinterpret_cast<const uint32_t*>(scratch),
                                         chunk.rows,
                                         patch_stride(),
                                         weights_.data() + lane * words_,
                                         words_,
                                         shape_.block_lanes(block),
                                         shape_.block_outputs(block),
                                         reinterpret_cast<const int32_t* const*>(scratch + starts_offset()),
                                         lane};
    if (!intervals_) {
      kernels_.binary_sums(&product, call.output<int32_t>() + chunk.first * shape_.outputs + output, shape_.outputs);
      return;
    }
    const size_t out_words = ceil_div(shape_.outputs, 64);
    uint64_t* signs = call.output<uint64_t>() + chunk.first * out_words;
    if (!keeps_sums()) {
      const kernels::Intervals intervals = intervals_->from(output);
      kernels_.binary_signs(&product, &intervals, signs + output / 64, out_words);
      return;
    }
    auto* sums = reinterpret_cast<int32_t*>(scratch + sums_offset());
    kernels_.binary_sums(&product, sums + output, shape_.outputs);
    if (group + 1 < shape_.groups || block + 1 < shape_.blocks()) return;
    const kernels::Intervals intervals = intervals_->from(0);
    for (size_t row = 0; row < chunk.rows; ++row) {
      kernels_.threshold(sums + row * shape_.outputs, shape_.outputs, &intervals, signs + row * out_words);
    }
  }

  const kernels::Table& kernels_;
  ConvShape shape_;
  size_t words_;  // of 32 signs, in a patch
  std::vector<uint32_t> weights_;
  BorderSums starts_;
  std::optional<PackedIntervals> intervals_;
};

}  // namespace

void validate_binary_conv(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.attributes(10);
  check.input_type(0, Type::bits);
  const bool to_bits = graph.output_of(op).type == Type::bits;
  if (!to_bits) check.output_type(0, Type::int32);
  check.constants(to_bits ? 4 : 1, to_bits ? 4 : 1);
  const Window window = check_window(graph, op, Rounding::down);
  const size_t groups = check_groups(graph, op);
  check.attribute(9, -1, 1, "the padding value");
  const size_t outputs = graph.output_of(op).channels, channels = graph.input_of(op).channels / groups;
  if (window.taps() * channels >= kMostDepth) {
    check.fail("an output sums " + std::to_string(window.taps() * channels) + " products; fewer than 2^24 are allowed");
  }
  check.constant(0, Type::bits, outputs * window.taps() * ceil_div(channels, 64), "weights");
  check.unused_bits(0, outputs * window.taps(), channels, "weights");
  if (to_bits) check_intervals(graph, op, 1, outputs);
}

size_t prepared_bytes_binary_conv(const Graph& graph, const Op& op) {
  const ConvShape shape = conv_shape(graph, op, static_cast<size_t>(op.attributes[8]));
  const size_t intervals = graph.output_of(op).type == Type::bits ? PackedIntervals::bytes(shape.outputs) : 0;
  return binary_weights_bytes(shape) + border_sums_bytes(shape) + intervals;
}

std::unique_ptr<PreparedOp> prepare_binary_conv(const Graph& graph, const Op& op, const kernels::Table& kernels) {
  return std::make_unique<BinaryConv>(graph, op, kernels);
}

}  // namespace sbit
