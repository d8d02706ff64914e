// Integers to floats by a table for each channel: any function of an integer, evaluated when the model was converted.
#include <algorithm>

#include "check.h"
#include "op.h"
#include "pixel_tasks.h"

namespace sbit {
namespace {

class Lookup : public PreparedOp {
 public:
  Lookup(const Graph& graph, const Op& op)
      : tensor_(graph.input_of(op)),
        values_(graph.constant_of(op, 0).as<float>()),
        first_(op.attributes[0]),
        length_(op.attributes[1]) {}

  void run(const Call& call) const noexcept override {
    for_each_pixels(call.pool, call.images * tensor_.pixels(), tensor_.channels, [&](size_t first, size_t last) {
      for (size_t pixel = first; pixel < last; ++pixel) {
        const int32_t* integers = call.input<int32_t>() + pixel * tensor_.channels;
        float* found = call.output<float>() + pixel * tensor_.channels;
        for (size_t channel = 0; channel < tensor_.channels; ++channel) {
          const int64_t place = std::clamp<int64_t>(int64_t{integers[channel]} - first_, 0, length_ - 1);
          found[channel] = values_[channel * static_cast<size_t>(length_) + static_cast<size_t>(place)];
        }
      }
    });
  }

 private:
  Tensor tensor_;
  const float* values_;
  int64_t first_, length_;
};

}  // namespace

void validate_lookup(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.constants(1, 1);
  check.attributes(2);
  check.input_type(0, Type::int32);
  check.output_type(0, Type::float32);
  const Tensor& in = graph.input_of(op);
  check.output_shape(in.height, in.width, in.channels);
  const auto length = static_cast<size_t>(check.attribute(1, 1, INT32_MAX, "the length of a table"));
  check.constant(0, Type::float32, in.channels * length, "values");
}

size_t prepared_bytes_lookup(const Graph&, const Op&) { return 0; }

std::unique_ptr<PreparedOp> prepare_lookup(const Graph& graph, const Op& op, const kernels::Table&) {
  return std::make_unique<Lookup>(graph, op);
}

}  // namespace sbit
