// Real-valued convolution: one accumulator for each output, one fused multiply-add for each tap, in the order ky, kx,
// channel. Lanes are outputs, so the fixed order costs no speed.
#include <vector>

#include "check.h"
#include "conv_loop.h"

namespace sbit {
namespace {

class FloatConv : public PreparedOp {
 public:
  FloatConv(const Graph& graph, const Op& op, const kernels::Table& kernels)
      : kernels_(kernels), shape_(conv_shape(graph, op, static_cast<size_t>(op.attributes[8]))) {
    const float* bias = op.constants.size() > 1 ? graph.constant_of(op, 1).as<float>() : nullptr;
    pack_weights(graph.constant_of(op, 0).as<float>(), bias);
  }

  size_t scratch_bytes() const noexcept override { return is_direct() ? 0 : rows() * shape_.depth() * sizeof(float); }

  void run(const Call& call) const noexcept override {
    const auto gather = [&](uint8_t* scratch, const Chunk& chunk, size_t group) {
      if (is_direct()) return;
      gather_patches(shape_.window, call.input<float>(), shape_.channels, shape_.group_channels(), chunk, group,
                     reinterpret_cast<float*>(scratch), shape_.depth(), CopyRun{});
    };
    const auto multiply = [&](uint8_t* scratch, const Chunk& chunk, size_t group, size_t block) {
      const size_t lane = shape_.first_lane(group, block);
      const float* patches =
          is_direct() ? call.input<float>() + chunk.first * shape_.depth() : reinterpret_cast<const float*>(scratch);
      const kernels::FloatProduct product{patches,
                                          chunk.rows,
                                          shape_.depth(),
                                          weights_.data() + lane * shape_.depth(),
                                          shape_.depth(),
                                          shape_.block_lanes(block),
                                          shape_.block_outputs(block),
                                          start_.data() + lane};
      float* sums = call.output<float>() + chunk.first * shape_.outputs + shape_.first_output(group, block);
      kernels_.float_sums(&product, sums, shape_.outputs);
    };
    conv_loop(call, shape_, rows(), true, gather, multiply);
  }

 private:
  // The input itself is the patches, one after the other.
  bool is_direct() const noexcept {
    return shape_.groups == 1 && (shape_.window.is_pointwise() || shape_.window.is_whole_image());
  }
  size_t rows() const noexcept { return is_direct() ? kMostRows : most_rows(shape_.depth() * sizeof(float)); }

  // [groups][blocks][depth][lanes]
  void pack_weights(const float* weights, const float* bias) {
    const size_t depth = shape_.depth();
    weights_.assign(shape_.groups * shape_.group_lanes() * depth, 0.0f);
    start_.assign(shape_.groups * shape_.group_lanes(), 0.0f);
    for (size_t output = 0; output < shape_.outputs; ++output) {
      const size_t group = output / shape_.group_outputs(), within = output % shape_.group_outputs();
      const size_t block = within / kernels::kBlockLanes, lane = within % kernels::kBlockLanes;
      const size_t first = shape_.first_lane(group, block);
      for (size_t i = 0; i < depth; ++i) {
        weights_[first * depth + i * shape_.block_lanes(block) + lane] = weights[output * depth + i];
      }
      if (bias) start_[first + lane] = bias[output];
    }
  }

  const kernels::Table& kernels_;
  ConvShape shape_;
  std::vector<float> weights_;
  std::vector<float> start_;
};

}  // namespace

void validate_float_conv(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.constants(1, 2);
  check.attributes(9);
  check.input_type(0, Type::float32);
  check.output_type(0, Type::float32);
  const Window window = check_window(graph, op, Rounding::down);
  const size_t groups = check_groups(graph, op);
  const size_t outputs = graph.output_of(op).channels;
  check.constant(0, Type::float32, outputs * window.taps() * (graph.input_of(op).channels / groups), "weights");
  if (op.constants.size() > 1) check.constant(1, Type::float32, outputs, "bias");
}

size_t prepared_bytes_float_conv(const Graph& graph, const Op& op) {
  const ConvShape shape = conv_shape(graph, op, static_cast<size_t>(op.attributes[8]));
  return shape.groups * shape.group_lanes() * (shape.depth() + 1) * sizeof(float);
}

std::unique_ptr<PreparedOp> prepare_float_conv(const Graph& graph, const Op& op, const kernels::Table& kernels) {
  return std::make_unique<FloatConv>(graph, op, kernels);
}

}  // namespace sbit
