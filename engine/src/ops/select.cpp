// Channels picked by number: slices, shuffles, flips, and zeros where an output channel has no source.
#include <algorithm>
#include <cstring>
#include <vector>

#include "bit_runs.h"
#include "check.h"
#include "op.h"
#include "pixel_tasks.h"

namespace sbit {
namespace {

// Channels that follow one another in the input and in the output.
struct Run {
  uint32_t source, target, count;
};

// Calls body(run) for the runs of an index, each as long as it can be; channels without a source are in none.
template <class Body>
void for_each_run(const int32_t* index, uint32_t outputs, const Body& body) {
  for (uint32_t first = 0; first < outputs;) {
    uint32_t next = first + 1;
    if (index[first] >= 0) {
      while (next < outputs && index[next] == index[next - 1] + 1) ++next;
      body(Run{static_cast<uint32_t>(index[first]), first, next - first});
    }
    first = next;
  }
}

size_t count_runs(const int32_t* index, uint32_t outputs) {
  size_t count = 0;
  for_each_run(index, outputs, [&](const Run&) { ++count; });
  return count;
}

// A call of memcpy costs more than so many elements moved one by one, and the runs of a shuffle have one element.
constexpr uint32_t kShortRun = 8;

class Select : public PreparedOp {
 public:
  Select(const Graph& graph, const Op& op) : in_(graph.input_of(op)), out_(graph.output_of(op)) {
    const int32_t* index = graph.constant_of(op, 0).as<int32_t>();
    runs_.reserve(count_runs(index, out_.channels));
    for_each_run(index, out_.channels, [&](const Run& run) { runs_.push_back(run); });
    has_zeros_ = std::any_of(index, index + out_.channels, [](int32_t channel) { return channel < 0; });
  }

  void run(const Call& call) const noexcept override {
    for_each_pixels(call.pool, call.images * out_.pixels(), out_.channels, [&](size_t first, size_t last) {
      for (size_t pixel = first; pixel < last; ++pixel) {
        out_.type == Type::bits ? select_bits(call, pixel) : select_elements(call, pixel);
      }
    });
  }

 private:
  // int32 and float32 are both four bytes, are only moved, and have the same zero
  void select_elements(const Call& call, size_t pixel) const noexcept {
    const uint32_t* source = call.input<uint32_t>() + pixel * in_.channels;
    uint32_t* target = call.output<uint32_t>() + pixel * out_.channels;
    if (has_zeros_) std::fill_n(target, out_.channels, uint32_t{0});
    for (const Run& run : runs_) {
      if (run.count < kShortRun) {
        for (uint32_t i = 0; i < run.count; ++i) target[run.target + i] = source[run.source + i];
      } else {
        std::memcpy(target + run.target, source + run.source, run.count * sizeof(uint32_t));
      }
    }
  }

  void select_bits(const Call& call, size_t pixel) const noexcept {
    const uint64_t* source = call.input<uint64_t>() + pixel * in_.words();
    uint64_t* target = call.output<uint64_t>() + pixel * out_.words();
    std::fill_n(target, out_.words(), uint64_t{0});
    for (const Run& run : runs_) copy_bits(source, run.source, run.count, target, run.target);
  }

  Tensor in_, out_;
  std::vector<Run> runs_;
  bool has_zeros_;
};

}  // namespace

void validate_select(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.constants(1, 1);
  check.attributes(0);
  const Tensor& in = graph.input_of(op);
  const uint32_t outputs = graph.output_of(op).channels;
  if (in.type == Type::uint8) check.fail("its input is uint8; it must be int32, float32 or bits");
  check.output_type(0, in.type);
  check.output_shape(in.height, in.width, outputs);
  check.constant(0, Type::int32, outputs, "index");
  const int32_t* index = graph.constant_of(op, 0).as<int32_t>();
  for (uint32_t channel = 0; channel < outputs; ++channel) {
    if (index[channel] < -1 || index[channel] >= static_cast<int64_t>(in.channels)) {
      check.fail("output channel " + std::to_string(channel) + " is input channel " + std::to_string(index[channel]) +
                 " of " + std::to_string(in.channels) + "; -1 is none");
    }
  }
}

size_t prepared_bytes_select(const Graph& graph, const Op& op) {
  return count_runs(graph.constant_of(op, 0).as<int32_t>(), graph.output_of(op).channels) * sizeof(Run);
}

std::unique_ptr<PreparedOp> prepare_select(const Graph& graph, const Op& op, const kernels::Table&) {
  return std::make_unique<Select>(graph, op);
}

}  // namespace sbit
