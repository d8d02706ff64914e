// signbit_kernels.h against the sums written out, on every instruction set: shapes of all kinds, integers, scaled
// floats and signs, from packed weights that were moved, with guards around what is written.
#include <algorithm>
#include <cstring>
#include <vector>

#include "check.h"
#include "signbit/engine.hpp"
#include "signbit/signbit_kernels.h"

namespace {

constexpr uint8_t kGuard = 0x5A;

// Exactly the bytes that were asked for, 8-byte aligned and not more, with guards before and after.
class Block {
 public:
  explicit Block(size_t bytes) : bytes_(bytes), memory_(bytes + 3 * kMargin, kGuard) {}
  void* data() {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data()) + kMargin;
    return memory_.data() + kMargin + (kMargin - address % kMargin) % kMargin + 8;
  }
  template <class T>
  T* as() {
    return static_cast<T*>(data());
  }
  size_t bytes() const { return bytes_; }
  bool guards_hold() {
    const auto* first = memory_.data();
    const auto* begin = as<uint8_t>();
    const auto is_guard = [](uint8_t byte) { return byte == kGuard; };
    return std::all_of(first, static_cast<const uint8_t*>(begin), is_guard) &&
           std::all_of(static_cast<const uint8_t*>(begin) + bytes_, first + memory_.size(), is_guard);
  }

 private:
  static constexpr size_t kMargin = 64;
  size_t bytes_;
  std::vector<uint8_t> memory_;
};

// Signs of rows with the unused bits zero, and the same as numbers.
struct Signs {
  size_t rows, count;
  std::vector<uint64_t> words;

  Signs(check::Random& random, size_t rows_, size_t count_)
      : rows(rows_), count(count_), words(rows * signbit_words(count)) {
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < count; ++i) {
        if (random.coin()) words[row * signbit_words(count) + i / 64] |= uint64_t{1} << (i % 64);
      }
    }
  }
  int at(size_t row, size_t i) const { return words[row * signbit_words(count) + i / 64] >> (i % 64) & 1 ? -1 : 1; }
};

// The sum as the header states it.
int32_t sum_of(const signbit_conv& c, const Signs& input, const Signs& weights, size_t image, long oy, long ox,
               size_t output) {
  const size_t group_channels = c.channels / c.groups, group = output / (c.outputs / c.groups);
  int32_t sum = 0;
  for (uint32_t ky = 0; ky < c.kernel_height; ++ky) {
    for (uint32_t kx = 0; kx < c.kernel_width; ++kx) {
      const long y = oy * c.stride_height + long(ky) * c.dilation_height - long(c.padding_height);
      const long x = ox * c.stride_width + long(kx) * c.dilation_width - long(c.padding_width);
      const bool inside = y >= 0 && x >= 0 && y < long(c.height) && x < long(c.width);
      const size_t pixel = inside ? (image * c.height + size_t(y)) * c.width + size_t(x) : 0;
      const size_t tap = (output * c.kernel_height + ky) * c.kernel_width + kx;
      for (size_t i = 0; i < group_channels; ++i) {
        const int sign = inside ? input.at(pixel, group * group_channels + i) : c.padding_value;
        sum += sign * weights.at(tap, i);
      }
    }
  }
  return sum;
}

std::string title(const signbit_isa* isa, const signbit_conv& c, const char* what) {
  std::string text = signbit_isa_name(isa);
  for (const uint32_t number : {c.height, c.width, c.channels, c.outputs, c.kernel_height, c.kernel_width, c.groups}) {
    text += " " + std::to_string(number);
  }
  return text + " padding value " + std::to_string(c.padding_value) + ": " + what;
}

struct Case {
  signbit_conv conv;
  size_t images;
  Signs input, weights;
  std::vector<int32_t> sums;

  Case(check::Random& random, const signbit_conv& c, size_t images_)
      : conv(c),
        images(images_),
        input(random, images * c.height * c.width, c.channels),
        weights(random, size_t{c.outputs} * c.kernel_height * c.kernel_width, c.channels / c.groups) {
    const size_t height = signbit_conv_output_height(&c), width = signbit_conv_output_width(&c);
    for (size_t image = 0; image < images; ++image) {
      for (size_t y = 0; y < height; ++y) {
        for (size_t x = 0; x < width; ++x) {
          for (size_t o = 0; o < c.outputs; ++o) {
            sums.push_back(sum_of(c, input, weights, image, long(y), long(x), o));
          }
        }
      }
    }
  }
  size_t rows() const { return sums.size() / conv.outputs; }
};

Block packed_weights(const Case& given) {
  Block packed(signbit_conv_packed_bytes(&given.conv));
  signbit_conv_pack_weights(&given.conv, given.weights.words.data(), packed.data());
  check::that(packed.guards_hold(), "packing writes its own bytes only");
  Block moved(packed.bytes());  // it holds no addresses
  std::memcpy(moved.data(), packed.data(), packed.bytes());
  std::memset(packed.data(), 0xEE, packed.bytes());
  return moved;
}

void check_int32(const signbit_isa* isa, const Case& given, Block& packed, Block& scratch) {
  Block output(given.sums.size() * sizeof(int32_t));
  signbit_conv_int32(isa, &given.conv, packed.data(), given.input.words.data(), given.images, output.as<int32_t>(),
                     scratch.data());
  check::that(std::equal(given.sums.begin(), given.sums.end(), output.as<int32_t>()), title(isa, given.conv, "int32"));
  check::that(output.guards_hold() && scratch.guards_hold(), title(isa, given.conv, "int32 guards"));
}

void check_float32(check::Random& random, const signbit_isa* isa, const Case& given, Block& packed, Block& scratch) {
  const size_t outputs = given.conv.outputs;
  std::vector<float> scale(outputs), bias(outputs);
  for (float& value : scale) value = static_cast<float>(random.integer(-1000, 1000)) / 777.0f;
  for (float& value : bias) value = static_cast<float>(random.integer(-1000, 1000)) / 333.0f;
  for (const bool scaled : {true, false}) {
    for (const bool biased : {true, false}) {
      Block output(given.sums.size() * sizeof(float));
      signbit_conv_float32(isa, &given.conv, packed.data(), scaled ? scale.data() : nullptr,
                           biased ? bias.data() : nullptr, given.input.words.data(), given.images, output.as<float>(),
                           scratch.data());
      bool equal = true;
      for (size_t i = 0; i < given.sums.size(); ++i) {
        float wanted = static_cast<float>(given.sums[i]);
        if (scaled) wanted = wanted * scale[i % outputs];
        if (biased) wanted = wanted + bias[i % outputs];
        equal &= std::memcmp(&wanted, output.as<float>() + i, sizeof wanted) == 0;
      }
      check::that(equal, title(isa, given.conv, "float32"));
      check::that(output.guards_hold() && scratch.guards_hold(), title(isa, given.conv, "float32 guards"));
    }
  }
}

void check_bits(check::Random& random, const signbit_isa* isa, const Case& given, Block& packed, Block& scratch) {
  const size_t outputs = given.conv.outputs, words = signbit_words(outputs);
  std::vector<int32_t> low(outputs), high(outputs);
  for (size_t o = 0; o < outputs; ++o) {
    low[o] = static_cast<int32_t>(random.integer(-20, 10));
    high[o] = random.coin() ? INT32_MAX : static_cast<int32_t>(random.integer(-10, 20));  // sometimes below low
  }
  const Signs inverted(random, 1, outputs);
  Block thresholds(signbit_thresholds_packed_bytes(outputs));
  signbit_thresholds_pack(outputs, low.data(), high.data(), inverted.words.data(), thresholds.data());
  std::vector<uint64_t> wanted(given.rows() * words);
  for (size_t i = 0; i < given.sums.size(); ++i) {
    const size_t o = i % outputs;
    const bool inside = low[o] <= given.sums[i] && given.sums[i] <= high[o];
    if (inside == (inverted.at(0, o) < 0)) wanted[i / outputs * words + o / 64] |= uint64_t{1} << (o % 64);
  }
  Block output(wanted.size() * sizeof(uint64_t));
  signbit_conv_bits(isa, &given.conv, packed.data(), thresholds.data(), given.input.words.data(), given.images,
                    output.as<uint64_t>(), scratch.data());
  check::that(std::equal(wanted.begin(), wanted.end(), output.as<uint64_t>()), title(isa, given.conv, "bits"));
  check::that(output.guards_hold() && scratch.guards_hold() && thresholds.guards_hold(),
              title(isa, given.conv, "bits guards"));
}

signbit_conv random_conv(check::Random& random) {
  const auto number = [&](int least, int most) { return static_cast<uint32_t>(random.integer(least, most)); };
  signbit_conv c{};
  c.groups = random.coin(0.6) ? 1 : number(2, 4);
  c.channels = c.groups * (random.coin(0.3) ? 64 : number(1, 70));
  c.outputs = c.groups * (random.coin(0.3) ? 64 : number(1, 70));
  c.height = number(1, 9);
  c.width = number(1, 9);
  c.kernel_height = number(1, 3);
  c.kernel_width = number(1, 3);
  c.stride_height = number(1, 3);
  c.stride_width = number(1, 3);
  c.dilation_height = number(1, 3);
  c.dilation_width = number(1, 3);
  c.padding_height = number(0, int(c.dilation_height * (c.kernel_height - 1)));
  c.padding_width = number(0, int(c.dilation_width * (c.kernel_width - 1)));
  c.padding_value = static_cast<int32_t>(random.integer(-1, 1));
  return c;
}

void check_case(check::Random& random, const signbit_conv& conv, size_t images) {
  const Case given(random, conv, images);
  Block packed = packed_weights(given);
  Block scratch(signbit_conv_scratch_bytes(&conv));
  for (const std::string& name : sbit::supported_isas()) {
    const signbit_isa* isa = signbit_find_isa(name.c_str(), nullptr);
    check_int32(isa, given, packed, scratch);
    check_float32(random, isa, given, packed, scratch);
    check_bits(random, isa, given, packed, scratch);
  }
}

void check_convolutions() {
  check::Random random;
  for (int done = 0; done < 120;) {
    const signbit_conv conv = random_conv(random);
    if (signbit_conv_fault(&conv)) continue;  // the kernel is larger than the image
    check_case(random, conv, static_cast<size_t>(random.integer(1, 3)));
    ++done;
  }
  for (const uint32_t inputs : {1u, 63u, 64u, 65u, 513u}) {
    for (const uint32_t outputs : {1u, 64u, 129u}) check_case(random, signbit_product(inputs, outputs), 51);
  }
  // A kernel as large as the image, whose taps end with a word or within one.
  for (const uint32_t channels : {1u, 35u, 64u, 65u, 128u}) {
    check_case(random, {2, 3, channels, 20, 2, 3, 1, 1, 0, 0, 1, 1, 1, 0}, 5);
  }
  // Groups whose signs end in the middle of a word, or with one.
  for (const uint32_t group_outputs : {8u, 16u, 32u, 64u, 96u, 160u}) {
    signbit_conv conv = signbit_product(3 * 35, 3 * group_outputs);
    conv.groups = 3;
    check_case(random, conv, 7);
  }
}

void check_packing_of_signs() {
  check::Random random;
  for (const std::string& name : sbit::supported_isas()) {
    const signbit_isa* isa = signbit_find_isa(name.c_str(), nullptr);
    for (const size_t channels : {1u, 31u, 64u, 65u, 129u}) {
      constexpr size_t kRows = 3;
      std::vector<float> values(kRows * channels), back(values.size());
      for (float& value : values) value = random.awkward();
      std::vector<uint64_t> words(kRows * signbit_words(channels), ~uint64_t{0});
      signbit_pack_signs(isa, values.data(), kRows, channels, words.data());
      signbit_unpack_signs(isa, words.data(), kRows, channels, back.data());
      bool equal = true;
      for (size_t i = 0; i < values.size(); ++i) equal &= back[i] == (values[i] >= 0 ? 1.0f : -1.0f);
      for (size_t row = 0; row < kRows && channels % 64; ++row) {
        equal &= words[(row + 1) * signbit_words(channels) - 1] >> (channels % 64) == 0;
      }
      check::that(equal, name + " packs and unpacks " + std::to_string(channels));
    }
  }
}

void check_faults() {
  const auto fault_of = [](const auto& change) {
    signbit_conv conv = {8, 8, 64, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 0};
    change(conv);
    return signbit_conv_fault(&conv) != nullptr;
  };
  check::that(!fault_of([](signbit_conv&) {}), "a good convolution");
  check::that(fault_of([](signbit_conv& c) { c.height = 0; }), "no height");
  check::that(fault_of([](signbit_conv& c) { c.width = 65536; }), "width");
  check::that(fault_of([](signbit_conv& c) { c.channels = (1u << 20) + 1; }), "channels");
  check::that(fault_of([](signbit_conv& c) { c.outputs = 0; }), "outputs");
  check::that(fault_of([](signbit_conv& c) { c.kernel_height = 256; }), "kernel");
  check::that(fault_of([](signbit_conv& c) { c.stride_width = 0; }), "stride");
  check::that(fault_of([](signbit_conv& c) { c.dilation_height = 256; }), "dilation");
  check::that(fault_of([](signbit_conv& c) { c.padding_width = 3; }), "padding");
  check::that(fault_of([](signbit_conv& c) { c.padding_width = UINT32_MAX; }), "huge padding");
  check::that(fault_of([](signbit_conv& c) { c.groups = 3; }), "groups");
  check::that(fault_of([](signbit_conv& c) { c.padding_value = 2; }), "padding value");
  check::that(fault_of([](signbit_conv& c) {
                c.height = 1;
                c.padding_height = 0;
              }),
              "kernel past the image");
  check::that(fault_of([](signbit_conv& c) {
                c.kernel_height = c.kernel_width = 255, c.channels = 1u << 10;
                c.outputs = 1;
              }),
              "a kernel of 2^24 inputs");
  signbit_error error;
  check::that(
      !signbit_find_isa("sse9", &error) && error.kind == SIGNBIT_ERROR_ISA && std::strstr(error.message, "scalar"),
      "an unknown instruction set names those that there are");
  check::that(!signbit_find_isa("sse9", nullptr), "without a place for the error");
}

}  // namespace

int main() {
  check_convolutions();
  check_packing_of_signs();
  check_faults();
  return check::report("kernel_library");
}
