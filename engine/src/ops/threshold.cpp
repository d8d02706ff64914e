// Integers to signs: an interval for each channel, or a table of bits.
#include <algorithm>
#include <vector>

#include "bit_runs.h"
#include "intervals.h"
#include "op.h"
#include "pixel_tasks.h"

namespace sbit {
namespace {

class Threshold : public PreparedOp {
 public:
  Threshold(const Graph& graph, const Op& op, const kernels::Table& kernels)
      : kernels_(kernels), tensor_(graph.input_of(op)), intervals_(graph, op, 0, tensor_.channels) {
    if (op.constants.size() == 3) return;
    first_ = op.attributes[0];
    length_ = op.attributes[1];
    rows_ = graph.constant_of(op, 3).as<int32_t>();
    table_ = graph.constant_of(op, 4).as<uint64_t>();
    tabled_.reserve(tensor_.channels);
    for (uint32_t channel = 0; channel < tensor_.channels; ++channel) {
      if (rows_[channel] >= 0) tabled_.push_back(channel);
    }
  }

  void run(const Call& call) const noexcept override {
    for_each_pixels(call.pool, call.images * tensor_.pixels(), tensor_.channels, [&](size_t first, size_t last) {
      for (size_t pixel = first; pixel < last; ++pixel) {
        const int32_t* integers = call.input<int32_t>() + pixel * tensor_.channels;
        uint64_t* words = call.output<uint64_t>() + pixel * tensor_.words();
        kernels_.threshold(integers, tensor_.channels, &intervals_.view(), words);
        look_up(integers, words);
      }
    });
  }

 private:
  void look_up(const int32_t* integers, uint64_t* words) const noexcept {
    const size_t row_words = ceil_div(static_cast<size_t>(length_), 64);
    for (const uint32_t channel : tabled_) {
      const int64_t place = std::clamp<int64_t>(int64_t{integers[channel]} - first_, 0, length_ - 1);
      const uint64_t sign = bit(table_ + static_cast<size_t>(rows_[channel]) * row_words, static_cast<size_t>(place));
      uint64_t& word = words[channel / 64];
      word = (word & ~(uint64_t{1} << (channel % 64))) | sign << (channel % 64);
    }
  }

  const kernels::Table& kernels_;
  Tensor tensor_;
  PackedIntervals intervals_;
  int64_t first_ = 0;
  int64_t length_ = 0;
  const int32_t* rows_ = nullptr;
  const uint64_t* table_ = nullptr;
  std::vector<uint32_t> tabled_;
};

void check_tables(const Graph& graph, const Op& op, const OpCheck& check, size_t channels) {
  const auto length = static_cast<size_t>(check.attribute(1, 1, INT32_MAX, "the length of a table"));
  check.constant(3, Type::int32, channels, "row");
  const size_t row_words = ceil_div(length, 64);
  const size_t words = graph.constant_of(op, 4).elements;
  if (words % row_words) {
    check.fail("table: " + std::to_string(words) + " words; a row has " + std::to_string(row_words));
  }
  const size_t rows = words / row_words;
  check.constant(4, Type::bits, words, "table");
  check.unused_bits(4, rows, length, "table");
  for (size_t channel = 0; channel < channels; ++channel) {
    const int32_t row = graph.constant_of(op, 3).as<int32_t>()[channel];
    if (row < -1 || row >= static_cast<int64_t>(rows)) {
      check.fail("channel " + std::to_string(channel) + " has row " + std::to_string(row) + " of " +
                 std::to_string(rows) + "; -1 is none");
    }
  }
}

}  // namespace

void validate_threshold(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.input_type(0, Type::int32);
  check.output_type(0, Type::bits);
  const Tensor& in = graph.input_of(op);
  check.output_shape(in.height, in.width, in.channels);
  const bool tables = op.attributes.size() != 0;
  check.attributes(tables ? 2 : 0);
  check.constants(tables ? 5 : 3, tables ? 5 : 3);
  check_intervals(graph, op, 0, in.channels);
  if (tables) check_tables(graph, op, check, in.channels);
}

size_t prepared_bytes_threshold(const Graph& graph, const Op& op) {
  const size_t channels = graph.input_of(op).channels;
  return interval_bytes(channels) + (op.attributes.size() ? channels * sizeof(uint32_t) : 0);
}

std::unique_ptr<PreparedOp> prepare_threshold(const Graph& graph, const Op& op, const kernels::Table& kernels) {
  return std::make_unique<Threshold>(graph, op, kernels);
}

}  // namespace sbit
