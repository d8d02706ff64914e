// signbit_kernels.h: the kernels on the caller's own memory.
#include "signbit/signbit_kernels.h"

#include "c_error.h"
#include "kernels/list.h"
#include "limits.h"
#include "ops/binary_convolution.h"
#include "ops/intervals.h"

namespace {

using namespace sbit;

// A table and the handle that C holds are the same address.
const signbit_isa* handle(const kernels::Table& table) { return reinterpret_cast<const signbit_isa*>(&table); }
const kernels::Table& table_of(const signbit_isa* isa) { return *reinterpret_cast<const kernels::Table*>(isa); }

WindowSide side(uint32_t kernel, uint32_t stride, uint32_t padding, uint32_t dilation, uint32_t size) {
  const int k = static_cast<int>(kernel), s = static_cast<int>(stride), p = static_cast<int>(padding);
  const int d = static_cast<int>(dilation), pixels = static_cast<int>(size);
  return {k, s, p, d, pixels, (pixels + 2 * p - d * (k - 1) - 1) / s + 1};
}

WindowSide rows_of(const signbit_conv* c) {
  return side(c->kernel_height, c->stride_height, c->padding_height, c->dilation_height, c->height);
}
WindowSide columns_of(const signbit_conv* c) {
  return side(c->kernel_width, c->stride_width, c->padding_width, c->dilation_width, c->width);
}

ConvShape shape_of(const signbit_conv* c) {
  return {{rows_of(c), columns_of(c)}, c->channels, c->outputs, c->groups};
}

bool within(uint32_t value, size_t most) { return value >= 1 && value <= most; }
bool both_within(uint32_t a, uint32_t b, size_t most) { return within(a, most) && within(b, most); }

const char* side_fault(const WindowSide& s) {
  const int reach = s.dilation * (s.kernel - 1) + 1;
  if (s.padding >= reach) return "the padding must be less than the dilated kernel";
  if (s.size + 2 * s.padding < reach) return "the kernel is larger than the padded image";
  return nullptr;
}

// Runs on the calling thread: nothing is allocated for a pool of one.
void run(const signbit_isa* isa, const signbit_conv* conv, const void* packed, const kernels::Intervals* intervals,
         const uint64_t* input, size_t images, void* output, void* scratch) noexcept {
  const ConvShape shape = shape_of(conv);
  const BinaryWeights weights(shape, packed);
  const void* inputs[] = {input};
  void* outputs[] = {output};
  ThreadPool pool(1);
  BinaryConvolution(shape, weights, intervals, table_of(isa))
      .run({inputs, outputs, images, pool, static_cast<uint8_t*>(scratch), 0});
}

}  // namespace

const signbit_isa* signbit_find_isa(const char* name, signbit_error* error) {
  return or_null(error, [&] { return handle(kernels::choose(name ? name : "")); });
}

const char* signbit_isa_name(const signbit_isa* isa) { return table_of(isa).isa; }

size_t signbit_words(size_t signs) { return ceil_div(signs, 64); }

void signbit_pack_signs(const signbit_isa* isa, const float* values, size_t rows, size_t channels, uint64_t* words) {
  const size_t row_words = signbit_words(channels);
  for (size_t row = 0; row < rows; ++row) {
    table_of(isa).pack_signs(values + row * channels, channels, words + row * row_words);
  }
}

void signbit_unpack_signs(const signbit_isa* isa, const uint64_t* words, size_t rows, size_t channels, float* values) {
  const size_t row_words = signbit_words(channels);
  for (size_t row = 0; row < rows; ++row) {
    table_of(isa).unpack_signs(words + row * row_words, channels, values + row * channels);
  }
}

signbit_conv signbit_product(uint32_t inputs, uint32_t outputs) {
  return {1, 1, inputs, outputs, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0};
}

const char* signbit_conv_fault(const signbit_conv* c) {
  if (!both_within(c->height, c->width, kMostImageSide)) return "height and width must be 1 to 65535";
  if (!both_within(c->channels, c->outputs, kMostChannels)) return "channels and outputs must be 1 to 2^20";
  if (!both_within(c->kernel_height, c->kernel_width, kMostWindowSide)) return "a kernel's side must be 1 to 255";
  if (!both_within(c->stride_height, c->stride_width, kMostWindowSide)) return "a stride must be 1 to 255";
  if (!both_within(c->dilation_height, c->dilation_width, kMostWindowSide)) return "a dilation must be 1 to 255";
  if (c->padding_height > kMostImageSide || c->padding_width > kMostImageSide) {
    return "the padding must be less than the dilated kernel";
  }
  if (!within(c->groups, kMostGroups) || c->channels % c->groups || c->outputs % c->groups) {
    return "groups must be 1 to 65536 and divide channels and outputs";
  }
  if (c->padding_value < -1 || c->padding_value > 1) return "the padding value must be 0, 1 or -1";
  if (const char* fault = side_fault(rows_of(c))) return fault;
  if (const char* fault = side_fault(columns_of(c))) return fault;
  const ConvShape shape = shape_of(c);
  if (shape.depth() >= kFirstInexact) return "kernel height x kernel width x channels / groups must be below 2^24";
  if (shape.window.in_pixels() * c->channels > kMostElements ||
      shape.window.out_pixels() * c->outputs > kMostElements) {
    return "an image must have at most 2^28 elements, before and after";
  }
  return nullptr;
}

size_t signbit_conv_output_height(const signbit_conv* conv) { return static_cast<size_t>(rows_of(conv).out_size); }
size_t signbit_conv_output_width(const signbit_conv* conv) { return static_cast<size_t>(columns_of(conv).out_size); }

size_t signbit_conv_packed_bytes(const signbit_conv* conv) { return BinaryWeights::bytes(shape_of(conv)); }

void signbit_conv_pack_weights(const signbit_conv* conv, const uint64_t* weights, void* packed) {
  BinaryWeights::pack(shape_of(conv), weights, conv->padding_value, packed);
}

size_t signbit_conv_scratch_bytes(const signbit_conv* conv) {
  return BinaryConvolution::scratch_bytes(shape_of(conv), true);
}

void signbit_conv_int32(const signbit_isa* isa, const signbit_conv* conv, const void* packed, const uint64_t* input,
                        size_t images, int32_t* output, void* scratch) {
  run(isa, conv, packed, nullptr, input, images, output, scratch);
}

void signbit_conv_float32(const signbit_isa* isa, const signbit_conv* conv, const void* packed, const float* scale,
                          const float* bias, const uint64_t* input, size_t images, float* output, void* scratch) {
  const kernels::Table& table = table_of(isa);
  const Window window = shape_of(conv).window;
  const size_t pixels = window.out_pixels(), outputs = conv->outputs;
  const size_t image_words = window.in_pixels() * signbit_words(conv->channels);
  const size_t step = ceil_div(kMostRows, pixels);  // few images at a time: their integers are still in the cache
  for (size_t first = 0; first < images; first += step) {
    const size_t count = std::min(step, images - first);
    float* values = output + first * pixels * outputs;
    auto* integers = reinterpret_cast<int32_t*>(values);
    run(isa, conv, packed, nullptr, input + first * image_words, count, integers, scratch);
    table.int32_to_float(integers, count * pixels * outputs, values);
    for (size_t pixel = 0; pixel < count * pixels; ++pixel) {
      float* own = values + pixel * outputs;
      if (scale) table.pointwise(kernels::kMultiply, own, scale, nullptr, outputs, own);
      if (bias) table.pointwise(kernels::kAdd, own, bias, nullptr, outputs, own);
    }
  }
}

size_t signbit_thresholds_packed_bytes(size_t outputs) { return interval_bytes(outputs); }

void signbit_thresholds_pack(size_t outputs, const int32_t* low, const int32_t* high, const uint64_t* inverted,
                             void* packed) {
  pack_intervals(outputs, low, high, inverted, packed);
}

void signbit_conv_bits(const signbit_isa* isa, const signbit_conv* conv, const void* packed, const void* thresholds,
                       const uint64_t* input, size_t images, uint64_t* output, void* scratch) {
  const kernels::Intervals intervals = packed_intervals(conv->outputs, thresholds);
  run(isa, conv, packed, &intervals, input, images, output, scratch);
}
