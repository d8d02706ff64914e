// An image to a vector in torch's order: channel by channel, each with its rows.
#include <algorithm>
#include <cstring>

#include "bit_runs.h"
#include "check.h"
#include "op.h"

namespace sbit {
namespace {

class Flatten : public PreparedOp {
 public:
  Flatten(const Graph& graph, const Op& op) : in_(graph.input_of(op)), out_(graph.output_of(op)) {}

  void run(const Call& call) const noexcept override {
    call.pool.for_each(call.images, [&](size_t image, size_t) {
      const uint8_t* source = call.input<uint8_t>() + image * in_.bytes();
      uint8_t* target = call.output<uint8_t>() + image * out_.bytes();
      if (in_.pixels() == 1) {
        std::memcpy(target, source, in_.bytes());
      } else if (in_.type == Type::bits) {
        flatten_bits(reinterpret_cast<const uint64_t*>(source), reinterpret_cast<uint64_t*>(target));
      } else {  // int32 and float32 are both four bytes, and are only moved
        flatten_elements(reinterpret_cast<const uint32_t*>(source), reinterpret_cast<uint32_t*>(target));
      }
    });
  }

 private:
  void flatten_elements(const uint32_t* source, uint32_t* target) const noexcept {
    for (size_t channel = 0; channel < in_.channels; ++channel) {
      for (size_t pixel = 0; pixel < in_.pixels(); ++pixel) *target++ = source[pixel * in_.channels + channel];
    }
  }

  void flatten_bits(const uint64_t* source, uint64_t* target) const noexcept {
    std::fill_n(target, out_.words(), uint64_t{0});
    size_t place = 0;
    for (size_t channel = 0; channel < in_.channels; ++channel) {
      const uint64_t* word = source + channel / 64;
      for (size_t pixel = 0; pixel < in_.pixels(); ++pixel, ++place) {
        target[place / 64] |= ((word[pixel * in_.words()] >> (channel % 64)) & 1) << (place % 64);
      }
    }
  }

  Tensor in_, out_;
};

}  // namespace

void validate_flatten(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.constants(0, 0);
  check.attributes(0);
  const Tensor& in = graph.input_of(op);
  if (in.type == Type::uint8) check.fail("its input is uint8; it must be int32, float32 or bits");
  check.output_type(0, in.type);
  check.output_shape(1, 1, in.elements());
}

size_t prepared_bytes_flatten(const Graph&, const Op&) { return 0; }

std::unique_ptr<PreparedOp> prepare_flatten(const Graph& graph, const Op& op, const kernels::Table&) {
  return std::make_unique<Flatten>(graph, op);
}

}  // namespace sbit
