// uint8 pixels, less 128, times int8 weights: the integer stem. Exact, whatever the order.
#include <cstdlib>
#include <vector>

#include "../limits.h"
#include "check.h"
#include "conv_loop.h"

namespace sbit {
namespace {

class IntegerConv : public PreparedOp {
 public:
  IntegerConv(const Graph& graph, const Op& op, const kernels::Table& kernels)
      : kernels_(kernels), shape_(conv_shape(graph, op, 1)), pairs_(ceil_div(shape_.depth(), 2)) {
    pack_weights(graph.constant_of(op, 0).as<int8_t>());
  }

  size_t scratch_bytes() const noexcept override { return rows() * pairs_ * 2 * sizeof(int16_t); }

  void run(const Call& call) const noexcept override {
    const auto gather = [&](uint8_t* scratch, const Chunk& chunk, size_t) { gather_chunk(call, scratch, chunk); };
    const auto multiply = [&](uint8_t* scratch, const Chunk& chunk, size_t, size_t block) {
      const kernels::IntegerProduct product{reinterpret_cast<const int16_t*>(scratch),
                                            chunk.rows,
                                            pairs_ * 2,
                                            weights_.data() + shape_.first_lane(0, block) * pairs_ * 2,
                                            pairs_,
                                            shape_.block_lanes(block),
                                            shape_.block_outputs(block)};
      int32_t* sums = call.output<int32_t>() + chunk.first * shape_.outputs + shape_.first_output(0, block);
      kernels_.integer_sums(&product, sums, shape_.outputs);
    };
    conv_loop(call, shape_, rows(), true, gather, multiply);
  }

 private:
  size_t rows() const noexcept { return most_rows(pairs_ * 2 * sizeof(int16_t)); }

  // [blocks][pairs][lanes][2]: the two weights that one multiply-add instruction takes lie side by side.
  void pack_weights(const int8_t* weights) {
    weights_.assign(shape_.group_lanes() * pairs_ * 2, 0);
    for (size_t output = 0; output < shape_.outputs; ++output) {
      const size_t block = output / kernels::kBlockLanes, lane = output % kernels::kBlockLanes;
      int16_t* packed = weights_.data() + shape_.first_lane(0, block) * pairs_ * 2;
      for (size_t i = 0; i < shape_.depth(); ++i) {
        packed[(i / 2 * shape_.block_lanes(block) + lane) * 2 + i % 2] = weights[output * shape_.depth() + i];
      }
    }
  }

  void gather_chunk(const Call& call, uint8_t* scratch, const Chunk& chunk) const noexcept {
    int16_t* patches = reinterpret_cast<int16_t*>(scratch);
    const auto widen = [](const uint8_t* source, size_t count, int16_t* target) {
      for (size_t i = 0; i < count; ++i) target[i] = static_cast<int16_t>(source[i] - 128);
    };
    gather_patches(shape_.window, call.input<uint8_t>(), shape_.channels, shape_.channels, chunk, 0, patches,
                   pairs_ * 2, widen);
    if (shape_.depth() % 2 == 0) return;
    for (size_t row = 0; row < chunk.rows; ++row) patches[row * pairs_ * 2 + shape_.depth()] = 0;
  }

  const kernels::Table& kernels_;
  ConvShape shape_;
  size_t pairs_;
  std::vector<int16_t> weights_;
};

void check_weights(const OpCheck& check, const int8_t* weights, size_t outputs, size_t depth) {
  for (size_t output = 0; output < outputs; ++output) {
    int64_t magnitude = 0;
    for (size_t i = 0; i < depth; ++i) {
      const int weight = weights[output * depth + i];
      if (weight == -128) {
        check.fail("output " + std::to_string(output) + " has the weight -128; allowed are -127 to 127");
      }
      magnitude += std::abs(weight);
    }
    if (128 * magnitude >= static_cast<int64_t>(kFirstInexact)) {
      check.fail("output " + std::to_string(output) + " can reach 2^24, where float32 is no longer exact");
    }
  }
}

}  // namespace

void validate_integer_conv(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.constants(1, 1);
  check.attributes(8);
  check.input_type(0, Type::uint8);
  check.output_type(0, Type::int32);
  const Window window = check_window(graph, op, Rounding::down);
  const size_t outputs = graph.output_of(op).channels;
  const size_t depth = window.taps() * graph.input_of(op).channels;
  check.constant(0, Type::int8, outputs * depth, "weights");
  check_weights(check, graph.constant_of(op, 0).as<int8_t>(), outputs, depth);
}

size_t prepared_bytes_integer_conv(const Graph& graph, const Op& op) {
  const ConvShape shape = conv_shape(graph, op, 1);
  return shape.group_lanes() * ceil_div(shape.depth(), 2) * 2 * sizeof(int16_t);
}

std::unique_ptr<PreparedOp> prepare_integer_conv(const Graph& graph, const Op& op, const kernels::Table& kernels) {
  return std::make_unique<IntegerConv>(graph, op, kernels);
}

}  // namespace sbit
