#include "binary_weights.h"

#include "bit_runs.h"

namespace sbit {
namespace {

bool same(TapRange a, TapRange b) noexcept { return a.first == b.first && a.last == b.last; }

// The sets of taps only move one way along a side, so equal ones are neighbours: a class is a run of them.
size_t count_classes(const WindowSide& side) noexcept {
  size_t classes = 1;
  for (int out = 1; out < side.out_size; ++out) classes += !same(side.inside(out), side.inside(out - 1));
  return classes;
}

void find_classes(const WindowSide& side, uint32_t* classes) noexcept {
  classes[0] = 0;
  for (int out = 1; out < side.out_size; ++out) {
    classes[out] = classes[out - 1] + !same(side.inside(out), side.inside(out - 1));
  }
}

// Where each part of the block begins, in elements of 4 bytes.
struct Parts {
  size_t rows, columns;  // classes
  size_t column_class, weights, sums, tap_sums, end;
};

size_t lanes_of(const ConvShape& shape) noexcept { return shape.groups * shape.group_lanes(); }
size_t words_of(const ConvShape& shape) noexcept { return ceil_div(shape.depth(), 32); }

Parts parts_of(const ConvShape& shape) noexcept {
  constexpr size_t kAligned = 64 / sizeof(uint32_t);
  Parts parts{};
  parts.rows = count_classes(shape.window.y);
  parts.columns = count_classes(shape.window.x);
  parts.column_class = static_cast<size_t>(shape.window.y.out_size);
  parts.weights = round_up(parts.column_class + static_cast<size_t>(shape.window.x.out_size), kAligned);
  parts.sums = round_up(parts.weights + lanes_of(shape) * words_of(shape), kAligned);
  parts.tap_sums = parts.sums + parts.rows * parts.columns * lanes_of(shape);  // only needed while packing
  parts.end = parts.tap_sums + (static_cast<size_t>(shape.window.y.kernel) + 1) * (shape.window.x.kernel + 1u);
  return parts;
}

// The weights of one output, as the file has them.
struct OutputWeights {
  const uint64_t* words;
  size_t tap_words, channels;

  int32_t sum_of_tap(size_t tap) const noexcept {
    int32_t negative = 0;
    for (size_t word = 0; word < tap_words; ++word) {
      for (uint64_t rest = words[tap * tap_words + word]; rest; rest &= rest - 1) ++negative;
    }
    return static_cast<int32_t>(channels) - 2 * negative;
  }
};

OutputWeights weights_of(const ConvShape& shape, const uint64_t* weights, size_t output) noexcept {
  const size_t tap_words = ceil_div(shape.group_channels(), 64);
  return {weights + output * shape.window.taps() * tap_words, tap_words, shape.group_channels()};
}

// Bits [32 * word, 32 * word + 32) of a patch, gathered from the taps they belong to.
uint32_t patch_word(const ConvShape& shape, const OutputWeights& weights, size_t word) noexcept {
  const size_t channels = weights.channels, end = std::min((word + 1) * 32, shape.depth());
  uint64_t gathered = 0;
  for (size_t bit = word * 32; bit < end;) {
    const size_t tap = bit / channels, channel = bit % channels;
    const size_t count = std::min(end - bit, channels - channel);
    const uint64_t run = read_bits(weights.words + tap * weights.tap_words, channel, count);
    gathered |= run << (bit - word * 32);
    bit += count;
  }
  return static_cast<uint32_t>(gathered);
}

void pack_lanes(const ConvShape& shape, const uint64_t* weights, uint32_t* packed) noexcept {
  const size_t words = words_of(shape);
  for (size_t output = 0; output < shape.outputs; ++output) {
    const OutputWeights own = weights_of(shape, weights, output);
    const size_t group = output / shape.group_outputs(), within = output % shape.group_outputs();
    const size_t block = within / kernels::kBlockLanes, lane = within % kernels::kBlockLanes;
    uint32_t* target = packed + shape.first_lane(group, block) * words + lane;
    for (size_t word = 0; word < words; ++word) target[word * shape.block_lanes(block)] = patch_word(shape, own, word);
  }
}

// [kh + 1][kw + 1]: the sum of the weights of all taps above and to the left, so that any rectangle takes four reads.
class TapSums {
 public:
  TapSums(const Window& window, int32_t* table) noexcept
      : table_(table), height_(window.y.kernel), width_(window.x.kernel) {}

  void fill(const OutputWeights& weights) noexcept {
    std::fill_n(table_, width_ + 1, 0);
    for (int y = 0; y < height_; ++y) {
      int32_t row = 0;
      at(y + 1, 0) = 0;
      for (int x = 0; x < width_; ++x) {
        row += weights.sum_of_tap(static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x));
        at(y + 1, x + 1) = at(y, x + 1) + row;
      }
    }
  }
  int32_t inside(TapRange y, TapRange x) const noexcept {
    return at(y.last, x.last) - at(y.first, x.last) - at(y.last, x.first) + at(y.first, x.first);
  }
  int32_t all() const noexcept { return at(height_, width_); }

 private:
  int32_t& at(int y, int x) const noexcept {
    return table_[static_cast<size_t>(y) * static_cast<size_t>(width_ + 1) + static_cast<size_t>(x)];
  }

  int32_t* table_;
  int height_, width_;
};

// Calls body(number, taps inside) for each class of a side.
template <class Body>
void for_each_class(const WindowSide& side, const Body& body) noexcept {
  size_t number = 0;
  for (int out = 0; out < side.out_size; ++out) {
    if (out == 0 || !same(side.inside(out), side.inside(out - 1))) body(number++, side.inside(out));
  }
}

void pack_sums(const ConvShape& shape, const uint64_t* weights, int padding_value, const Parts& parts,
               uint32_t* block) noexcept {
  auto* sums = reinterpret_cast<int32_t*>(block + parts.sums);
  const size_t lanes = lanes_of(shape);
  TapSums taps(shape.window, reinterpret_cast<int32_t*>(block + parts.tap_sums));
  for (size_t output = 0; output < shape.outputs; ++output) {
    taps.fill(weights_of(shape, weights, output));
    const size_t lane = output / shape.group_outputs() * shape.group_lanes() + output % shape.group_outputs();
    for_each_class(shape.window.y, [&](size_t row, TapRange y) {
      for_each_class(shape.window.x, [&](size_t column, TapRange x) {
        const int32_t outside = taps.all() - taps.inside(y, x);
        sums[(row * parts.columns + column) * lanes + lane] =
            static_cast<int32_t>(shape.depth()) - (1 - padding_value) * outside;
      });
    });
  }
}

}  // namespace

size_t BinaryWeights::bytes(const ConvShape& shape) noexcept { return parts_of(shape).end * sizeof(uint32_t); }

void BinaryWeights::pack(const ConvShape& shape, const uint64_t* weights, int padding_value, void* memory) noexcept {
  const Parts parts = parts_of(shape);
  auto* block = static_cast<uint32_t*>(memory);
  std::fill_n(block, parts.end, 0u);
  find_classes(shape.window.y, block);
  find_classes(shape.window.x, block + parts.column_class);
  pack_lanes(shape, weights, block + parts.weights);
  pack_sums(shape, weights, padding_value, parts, block);
}

BinaryWeights::BinaryWeights(const ConvShape& shape, const void* memory) noexcept {
  const Parts parts = parts_of(shape);
  const auto* block = static_cast<const uint32_t*>(memory);
  row_class_ = block;
  column_class_ = block + parts.column_class;
  weights_ = block + parts.weights;
  sums_ = reinterpret_cast<const int32_t*>(block + parts.sums);
  words_ = words_of(shape);
  lanes_ = lanes_of(shape);
  columns_ = parts.columns;
  uniform_ = parts.rows * parts.columns == 1;
}

}  // namespace sbit
