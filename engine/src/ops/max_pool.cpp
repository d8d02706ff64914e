// The largest value of a window, channel by channel; the smallest where a channel says so.
#include <type_traits>
#include <vector>

#include "bit_runs.h"
#include "op.h"
#include "pixel_tasks.h"
#include "window.h"

namespace sbit {
namespace {

class MaxPool : public PreparedOp {
 public:
  MaxPool(const Graph& graph, const Op& op, const kernels::Table& kernels)
      : kernels_(kernels), tensor_(graph.output_of(op)), window_(window_of(graph, op)) {
    if (op.constants.size() == 0) return;
    const uint64_t* minimum = graph.constant_of(op, 0).as<uint64_t>();
    if (tensor_.type == Type::bits) {
      flip_words_.assign(minimum, minimum + tensor_.words());
      return;
    }
    flip_.reserve(tensor_.channels);
    for (size_t channel = 0; channel < tensor_.channels; ++channel) flip_.push_back(bit(minimum, channel) ? -1 : 0);
  }

  // A pointer for each tap.
  size_t scratch_bytes() const noexcept override { return window_.taps() * sizeof(const void*); }

  void run(const Call& call) const noexcept override {
    switch (tensor_.type) {
      case Type::int32:
        return run_as<int32_t>(
            call, tensor_.channels, [&](const int32_t* const* pixels, size_t taps, int32_t* largest) {
              kernels_.pool_int32(pixels, taps, tensor_.channels, flip_.empty() ? nullptr : flip_.data(), largest);
            });
      case Type::float32:
        return run_as<float>(call, tensor_.channels, [&](const float* const* pixels, size_t taps, float* largest) {
          kernels_.pool_float(pixels, taps, tensor_.channels, largest);
        });
      default:
        return run_as<uint64_t>(call, tensor_.words(),
                                [&](const uint64_t* const* pixels, size_t taps, uint64_t* largest) {
                                  kernels_.pool_bits(pixels, taps, tensor_.words(),
                                                     flip_words_.empty() ? nullptr : flip_words_.data(), largest);
                                });
    }
  }

 private:
  // `pixel` elements make a pixel.
  template <class T, class Pool>
  void run_as(const Call& call, size_t pixel, const Pool& pool) const noexcept {
    const size_t out_pixels = window_.out_pixels(), width = window_.x.out_size;
    for_each_pixels(call.pool, call.images * out_pixels, pixel * window_.taps(),
                    [&](size_t first, size_t last, size_t thread) {
                      auto* taps = reinterpret_cast<const T**>(call.scratch_of(thread));
                      for (size_t out = first; out < last; ++out) {
                        const size_t y = out % out_pixels / width, x = out % width;
                        const T* image = call.input<T>() + out / out_pixels * window_.in_pixels() * pixel;
                        size_t count = 0;
                        const auto add = [&](int, int run, int row, int column) {
                          for (int i = 0; i < run; ++i) {
                            taps[count++] = image + (size_t(row) * window_.x.size + column + i) * pixel;
                          }
                        };
                        for_each_run(window_, window_.y.inside(y), window_.x.inside(x), y, x, add);
                        pool(taps, count, call.output<T>() + out * pixel);
                      }
                    });
  }

  const kernels::Table& kernels_;
  Tensor tensor_;
  Window window_;
  std::vector<int32_t> flip_;         // for each channel: all ones where the smallest is wanted
  std::vector<uint64_t> flip_words_;  // the same in bits
};

}  // namespace

void validate_max_pool(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, 1);
  check.outputs(1, 1);
  check.attributes(8);
  const Tensor& in = graph.input_of(op);
  if (in.type == Type::uint8) check.fail("its input is uint8; it must be int32, float32 or bits");
  check.output_type(0, in.type);
  const Tensor& out = graph.output_of(op);
  check.output_shape(out.height, out.width, in.channels);
  check_window(graph, op, Rounding::down_or_up);
  check.constants(0, in.type == Type::float32 ? 0 : 1);
  if (op.constants.size() == 0) return;
  check.constant(0, Type::bits, in.words(), "minimum");
  check.unused_bits(0, 1, in.channels, "minimum");
}

size_t prepared_bytes_max_pool(const Graph& graph, const Op& op) {
  const Tensor& tensor = graph.output_of(op);
  if (op.constants.size() == 0) return 0;
  return tensor.type == Type::bits ? tensor.pixel_bytes() : tensor.channels * sizeof(int32_t);
}

std::unique_ptr<PreparedOp> prepare_max_pool(const Graph& graph, const Op& op, const kernels::Table& kernels) {
  return std::make_unique<MaxPool>(graph, op, kernels);
}

}  // namespace sbit
