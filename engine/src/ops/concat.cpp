// The channels of several tensors, one behind the other.
#include <algorithm>
#include <cstring>
#include <vector>

#include "bit_runs.h"
#include "check.h"
#include "op.h"
#include "pixel_tasks.h"

namespace sbit {
namespace {

class Concat : public PreparedOp {
 public:
  Concat(const Graph& graph, const Op& op) : out_(graph.output_of(op)) {
    inputs_.reserve(op.inputs.size());
    for (const uint32_t input : op.inputs) inputs_.push_back(graph.tensors[input]);
  }

  void run(const Call& call) const noexcept override {
    for_each_pixels(call.pool, call.images * out_.pixels(), out_.channels, [&](size_t first, size_t last) {
      for (size_t pixel = first; pixel < last; ++pixel) {
        out_.type == Type::bits ? join_bits(call, pixel) : join_bytes(call, pixel);
      }
    });
  }

 private:
  void join_bytes(const Call& call, size_t pixel) const noexcept {
    uint8_t* target = call.output<uint8_t>() + pixel * out_.pixel_bytes();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const size_t bytes = inputs_[i].pixel_bytes();
      std::memcpy(target, call.input<uint8_t>(i) + pixel * bytes, bytes);
      target += bytes;
    }
  }

  void join_bits(const Call& call, size_t pixel) const noexcept {
    uint64_t* target = call.output<uint64_t>() + pixel * out_.words();
    std::fill_n(target, out_.words(), uint64_t{0});
    size_t channel = 0;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      copy_bits(call.input<uint64_t>(i) + pixel * inputs_[i].words(), 0, inputs_[i].channels, target, channel);
      channel += inputs_[i].channels;
    }
  }

  Tensor out_;
  std::vector<Tensor> inputs_;
};

}  // namespace

void validate_concat(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(2, 256);
  check.outputs(1, 1);
  check.constants(0, 0);
  check.attributes(0);
  const Tensor& first = graph.input_of(op);
  if (first.type == Type::uint8) check.fail("its inputs are uint8; they must be int32, float32 or bits");
  check.output_type(0, first.type);
  size_t channels = 0;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    check.input_type(i, first.type);
    const Tensor& input = graph.input_of(op, i);
    if (input.height != first.height || input.width != first.width) {
      check.fail("input " + std::to_string(i) + " differs from the first in height or width; they must be the same");
    }
    channels += input.channels;
  }
  check.output_shape(first.height, first.width, channels);
}

size_t prepared_bytes_concat(const Graph&, const Op& op) { return op.inputs.size() * sizeof(Tensor); }

std::unique_ptr<PreparedOp> prepare_concat(const Graph& graph, const Op& op, const kernels::Table&) {
  return std::make_unique<Concat>(graph, op);
}

}  // namespace sbit
