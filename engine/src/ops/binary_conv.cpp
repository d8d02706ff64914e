// The convolution of signs with signs: n = depth - 2 * the number of signs that differ.
#include "../limits.h"
#include "binary_convolution.h"
#include "intervals.h"

namespace sbit {
namespace {

class BinaryConv : public PreparedOp {
 public:
  BinaryConv(const Graph& graph, const Op& op, const kernels::Table& kernels)
      : shape_(conv_shape(graph, op, static_cast<size_t>(op.attributes[8]))),
        memory_(allocate_aligned(BinaryWeights::bytes(shape_), "the packed weights of a binary convolution")),
        to_bits_(graph.output_of(op).type == Type::bits),
        convolution_(shape_, weights_, to_bits_ ? &intervals_.view() : nullptr, kernels) {
    BinaryWeights::pack(shape_, graph.constant_of(op, 0).as<uint64_t>(), op.attributes[9], memory_.get());
    weights_ = BinaryWeights(shape_, memory_.get());
    if (to_bits_) intervals_ = PackedIntervals(graph, op, 1, shape_.outputs);
  }

  size_t scratch_bytes() const noexcept override { return BinaryConvolution::scratch_bytes(shape_, to_bits_); }
  void run(const Call& call) const noexcept override { convolution_.run(call); }

 private:
  ConvShape shape_;
  AlignedBytes memory_;
  BinaryWeights weights_;
  PackedIntervals intervals_;
  bool to_bits_;
  BinaryConvolution convolution_;
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
  if (window.taps() * channels >= kFirstInexact) {
    check.fail("an output sums " + std::to_string(window.taps() * channels) + " products; fewer than 2^24 are allowed");
  }
  check.constant(0, Type::bits, outputs * window.taps() * ceil_div(channels, 64), "weights");
  check.unused_bits(0, outputs * window.taps(), channels, "weights");
  if (to_bits) check_intervals(graph, op, 1, outputs);
}

size_t prepared_bytes_binary_conv(const Graph& graph, const Op& op) {
  const ConvShape shape = conv_shape(graph, op, static_cast<size_t>(op.attributes[8]));
  const size_t intervals = graph.output_of(op).type == Type::bits ? interval_bytes(shape.outputs) : 0;
  return BinaryWeights::bytes(shape) + intervals;
}

std::unique_ptr<PreparedOp> prepare_binary_conv(const Graph& graph, const Op& op, const kernels::Table& kernels) {
  return std::make_unique<BinaryConv>(graph, op, kernels);
}

}  // namespace sbit
