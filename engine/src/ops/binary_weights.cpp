#include "binary_weights.h"

#include "bit_runs.h"

namespace sbit {
namespace {

// The distinct ranges, and for each output row or column the number of its own. Along a side, first and last only ever
// become smaller, so equal ranges are neighbours.
std::vector<TapRange> distinct(const std::vector<TapRange>& taps, std::vector<uint32_t>& classes) {
  std::vector<TapRange> found;
  classes.reserve(taps.size());
  for (const TapRange& range : taps) {
    const bool same = !found.empty() && found.back().first == range.first && found.back().last == range.last;
    if (!same) found.push_back(range);
    classes.push_back(static_cast<uint32_t>(found.size() - 1));
  }
  return found;
}

int32_t tap_sum(const uint64_t* tap, size_t words, size_t channels) {
  int32_t negative = 0;
  for (size_t word = 0; word < words; ++word) {
    for (uint64_t rest = tap[word]; rest; rest &= rest - 1) ++negative;
  }
  return static_cast<int32_t>(channels) - 2 * negative;
}

// [kh + 1][kw + 1]: the sum of the weights of all taps above and to the left, so that any rectangle takes four reads.
void sum_taps(const ConvShape& shape, const uint64_t* output_weights, std::vector<int32_t>& table) {
  const size_t height = shape.window.y.kernel, width = shape.window.x.kernel;
  const size_t words = ceil_div(shape.group_channels(), 64);
  table.assign((height + 1) * (width + 1), 0);
  for (size_t y = 0; y < height; ++y) {
    int32_t row = 0;
    for (size_t x = 0; x < width; ++x) {
      row += tap_sum(output_weights + (y * width + x) * words, words, shape.group_channels());
      table[(y + 1) * (width + 1) + x + 1] = table[y * (width + 1) + x + 1] + row;
    }
  }
}

int32_t rectangle(const std::vector<int32_t>& table, size_t width, TapRange y, TapRange x) {
  const auto at = [&](int row, int column) { return table[size_t(row) * (width + 1) + column]; };
  return at(y.last, x.last) - at(y.first, x.last) - at(y.last, x.first) + at(y.first, x.first);
}

}  // namespace

std::vector<uint32_t> pack_binary_weights(const ConvShape& shape, const uint64_t* weights) {
  const size_t words = ceil_div(shape.depth(), 32), tap_words = ceil_div(shape.group_channels(), 64);
  std::vector<uint32_t> packed(shape.groups * shape.group_lanes() * words, 0);
  std::vector<uint64_t> patch(ceil_div(shape.depth(), 64));
  for (size_t output = 0; output < shape.outputs; ++output) {
    std::fill(patch.begin(), patch.end(), 0);
    for (size_t tap = 0; tap < shape.window.taps(); ++tap) {
      copy_bits(weights + (output * shape.window.taps() + tap) * tap_words, 0, shape.group_channels(), patch.data(),
                tap * shape.group_channels());
    }
    const size_t group = output / shape.group_outputs(), within = output % shape.group_outputs();
    const size_t block = within / kernels::kBlockLanes, lane = within % kernels::kBlockLanes;
    uint32_t* target = packed.data() + shape.first_lane(group, block) * words;
    for (size_t word = 0; word < words; ++word) {
      target[word * shape.block_lanes(block) + lane] = static_cast<uint32_t>(patch[word / 2] >> (word % 2 * 32));
    }
  }
  return packed;
}

size_t border_sums_bytes(const ConvShape& shape) {
  std::vector<uint32_t> row_class, column_class;
  const size_t rows = distinct(shape.window.row_taps(), row_class).size();
  const size_t columns = distinct(shape.window.column_taps(), column_class).size();
  return rows * columns * shape.groups * shape.group_lanes() * sizeof(int32_t) +
         (row_class.size() + column_class.size()) * sizeof(uint32_t);
}

BorderSums::BorderSums(const ConvShape& shape, const uint64_t* weights, int padding_value)
    : lanes_(shape.groups * shape.group_lanes()) {
  const std::vector<TapRange> rows = distinct(shape.window.row_taps(), row_class_);
  const std::vector<TapRange> columns = distinct(shape.window.column_taps(), column_class_);
  columns_ = columns.size();
  sums_.assign(rows.size() * columns.size() * lanes_, 0);
  const size_t width = shape.window.x.kernel;
  const TapRange all_y{0, shape.window.y.kernel}, all_x{0, shape.window.x.kernel};
  const size_t output_words = shape.window.taps() * ceil_div(shape.group_channels(), 64);
  std::vector<int32_t> table;
  for (size_t output = 0; output < shape.outputs; ++output) {
    sum_taps(shape, weights + output * output_words, table);
    const int32_t total = rectangle(table, width, all_y, all_x);
    const size_t lane = output / shape.group_outputs() * shape.group_lanes() + output % shape.group_outputs();
    for (size_t y = 0; y < rows.size(); ++y) {
      for (size_t x = 0; x < columns.size(); ++x) {
        const int32_t outside = total - rectangle(table, width, rows[y], columns[x]);
        sums_[(y * columns_ + x) * lanes_ + lane] = static_cast<int32_t>(shape.depth()) - (1 - padding_value) * outside;
      }
    }
  }
}

}  // namespace sbit
