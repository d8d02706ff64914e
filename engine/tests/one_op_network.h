// Small networks around one op of a random shape: all of them are right, and no two alike.
#pragma once

#include "small_network.h"

namespace write_model {

constexpr sbit::OpKind kAllOps[] = {
    sbit::OpKind::integer_conv, sbit::OpKind::float_conv, sbit::OpKind::binary_conv,
    sbit::OpKind::threshold,    sbit::OpKind::pointwise,  sbit::OpKind::max_pool,
    sbit::OpKind::concat,       sbit::OpKind::flatten,    sbit::OpKind::lookup,
    sbit::OpKind::select,
};

class OneOpNetwork {
 public:
  explicit OneOpNetwork(check::Random& random) : random_(random), height_(side()), width_(side()) {}

  Bytes around(sbit::OpKind kind) {
    using sbit::OpKind;
    using sbit::Type;
    switch (kind) {
      case OpKind::integer_conv: return integer_conv();
      case OpKind::float_conv: return float_conv();
      case OpKind::binary_conv: return binary_conv();
      case OpKind::threshold: return threshold();
      case OpKind::pointwise: return pointwise();
      case OpKind::max_pool: return max_pool();
      case OpKind::concat: return concat();
      case OpKind::flatten: return flatten();
      case OpKind::lookup: return lookup();
      case OpKind::select: return select();
    }
    return {};
  }

 private:
  struct Window {
    uint32_t height, width;  // of the output
    std::vector<int32_t> attributes;
  };

  int32_t integer(int64_t least, int64_t most) { return static_cast<int32_t>(random_.integer(least, most)); }
  uint32_t side() { return static_cast<uint32_t>(random_.integer(1, 7)); }
  uint32_t channels() {
    constexpr uint32_t kChannels[] = {1, 2, 3, 5, 16, 31, 63, 64, 65, 127, 130};
    return kChannels[random_.integer(0, 10)];
  }
  // int32, float32 or bits
  sbit::Type stream() {
    constexpr sbit::Type kStreams[] = {sbit::Type::int32, sbit::Type::float32, sbit::Type::bits};
    return kStreams[random_.integer(0, 2)];
  }

  // The network's input.
  uint32_t begin(uint32_t channels) {
    channels_ = channels;
    return input_ = w_.tensor(sbit::Type::uint8, height_, width_, channels);
  }

  // A tensor of that type, made from the input.
  uint32_t stream_of(sbit::Type type) {
    const uint32_t made = w_.tensor(type, height_, width_, channels_);
    if (type == sbit::Type::int32) {
      std::vector<int8_t> weights(size_t{channels_} * channels_);
      for (int8_t& weight : weights) weight = static_cast<int8_t>(random_.integer(-9, 9));
      w_.op(sbit::OpKind::integer_conv, {input_}, {made}, {w_.constant(sbit::Type::int8, weights)},
            {1, 1, 1, 1, 0, 0, 1, 1});
    } else {
      const uint32_t middle = w_.constant(sbit::Type::float32, std::vector<float>{127.5f});
      w_.op(sbit::OpKind::pointwise, {input_}, {made}, {middle}, {1, 2, 0, 1, 0, 2});
    }
    return made;
  }

  // Bits cannot be a network's output.
  Bytes end(sbit::Type type, uint32_t height, uint32_t width, uint32_t channels, uint32_t tensor) {
    if (type != sbit::Type::bits) return w_.file(input_, tensor);
    const uint32_t real = w_.tensor(sbit::Type::float32, height, width, channels);
    w_.op(sbit::OpKind::pointwise, {tensor}, {real}, {}, {0, 0});
    return w_.file(input_, real);
  }

  // Kernel, stride, padding, dilation: whatever fits. With a dilation of 1 each window has a pixel of the image.
  Window window(int32_t most_dilation) {
    for (;;) {
      int32_t kernel[2], stride[2], padding[2], dilation[2], out[2];
      const int32_t size[2] = {static_cast<int32_t>(height_), static_cast<int32_t>(width_)};
      bool fits = true;
      for (int i = 0; i < 2; ++i) {
        kernel[i] = integer(1, 4);
        stride[i] = integer(1, 3);
        dilation[i] = integer(1, most_dilation);
        const int32_t reach = dilation[i] * (kernel[i] - 1) + 1;
        padding[i] = random_.coin() ? 0 : integer(0, reach - 1);
        const int32_t room = size[i] + 2 * padding[i] - reach;
        fits = fits && room >= 0;
        out[i] = room / stride[i] + 1;
      }
      if (!fits) continue;
      return {static_cast<uint32_t>(out[0]),
              static_cast<uint32_t>(out[1]),
              {kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], dilation[0], dilation[1]}};
    }
  }

  static size_t taps(const Window& window) { return size_t(window.attributes[0]) * size_t(window.attributes[1]); }

  std::vector<uint32_t> intervals(uint32_t channels) {
    return {w_.constant(sbit::Type::int32, random_integers(random_, channels, -40, 5)),
            w_.constant(sbit::Type::int32, random_integers(random_, channels, -5, 40)),
            w_.constant(sbit::Type::bits, random_words(random_, 1, channels))};
  }

  Bytes integer_conv() {
    begin(channels());
    const uint32_t outputs = channels();
    const Window shape = window(2);
    const uint32_t out = w_.tensor(sbit::Type::int32, shape.height, shape.width, outputs);
    std::vector<int8_t> weights(outputs * taps(shape) * channels_);
    for (int8_t& weight : weights) weight = static_cast<int8_t>(random_.integer(-60, 60));
    w_.op(sbit::OpKind::integer_conv, {input_}, {out}, {w_.constant(sbit::Type::int8, weights)}, shape.attributes);
    return end(sbit::Type::int32, shape.height, shape.width, outputs, out);
  }

  Bytes float_conv() {
    const auto groups = static_cast<uint32_t>(random_.coin() ? 1 : random_.integer(1, 3));
    const auto inner = static_cast<uint32_t>(random_.integer(1, 20));
    const uint32_t outputs = groups * static_cast<uint32_t>(random_.integer(1, 40));
    begin(groups * inner);
    const uint32_t in = stream_of(sbit::Type::float32);
    Window shape = window(2);
    const uint32_t out = w_.tensor(sbit::Type::float32, shape.height, shape.width, outputs);
    std::vector<uint32_t> constants = {
        w_.constant(sbit::Type::float32, random_floats(random_, outputs * taps(shape) * inner))};
    if (random_.coin()) constants.push_back(w_.constant(sbit::Type::float32, random_floats(random_, outputs)));
    shape.attributes.push_back(static_cast<int32_t>(groups));
    w_.op(sbit::OpKind::float_conv, {in}, {out}, constants, shape.attributes);
    return end(sbit::Type::float32, shape.height, shape.width, outputs, out);
  }

  Bytes binary_conv() {
    const auto groups = static_cast<uint32_t>(random_.coin() ? 1 : random_.integer(1, 3));
    const uint32_t inner = channels(), outputs = groups * static_cast<uint32_t>(random_.integer(1, 80));
    begin(groups * inner);
    const uint32_t in = stream_of(sbit::Type::bits);
    Window shape = window(2);
    const sbit::Type type = random_.coin() ? sbit::Type::bits : sbit::Type::int32;
    const uint32_t out = w_.tensor(type, shape.height, shape.width, outputs);
    std::vector<uint32_t> constants = {
        w_.constant(sbit::Type::bits, random_words(random_, outputs * taps(shape), inner))};
    if (type == sbit::Type::bits) {
      for (const uint32_t constant : intervals(outputs)) constants.push_back(constant);
    }
    shape.attributes.push_back(static_cast<int32_t>(groups));
    shape.attributes.push_back(integer(-1, 1));
    w_.op(sbit::OpKind::binary_conv, {in}, {out}, constants, shape.attributes);
    return end(type, shape.height, shape.width, outputs, out);
  }

  Bytes threshold() {
    begin(channels());
    const uint32_t in = stream_of(sbit::Type::int32);
    const uint32_t out = w_.tensor(sbit::Type::bits, height_, width_, channels_);
    std::vector<uint32_t> constants = intervals(channels_);
    std::vector<int32_t> attributes;
    if (random_.coin()) {
      const int32_t length = integer(1, 130);
      attributes = {integer(-200, 200), length};
      constants.push_back(w_.constant(sbit::Type::int32, random_integers(random_, channels_, -1, 2)));
      constants.push_back(w_.constant(sbit::Type::bits, random_words(random_, 3, static_cast<size_t>(length))));
    }
    w_.op(sbit::OpKind::threshold, {in}, {out}, constants, attributes);
    return end(sbit::Type::bits, height_, width_, channels_, out);
  }

  // Random steps over up to three inputs, every code likely; more than 512 channels are computed in parts.
  Bytes pointwise() {
    const bool wide = random_.coin(0.2);
    begin(wide ? static_cast<uint32_t>(random_.integer(500, 1100)) : channels());
    std::vector<uint32_t> inputs = {input_}, outputs, constants;
    while (random_.coin() && inputs.size() < 3) inputs.push_back(stream_of(wide ? sbit::Type::bits : stream()));
    constants.push_back(w_.constant(sbit::Type::float32, random_floats(random_, channels_)));
    constants.push_back(w_.constant(sbit::Type::float32, random_floats(random_, 1)));
    const int32_t given = static_cast<int32_t>(inputs.size() + constants.size()), steps = integer(0, 12);
    std::vector<int32_t> attributes = {steps};
    for (int32_t i = 0; i < steps; ++i) {
      const int32_t code = integer(1, 10), operands = code >= 9 ? 1 : code == 7 ? 3 : 2;
      attributes.push_back(code);
      for (int32_t k = 0; k < 3; ++k) attributes.push_back(k < operands ? integer(0, given + i - 1) : 0);
    }
    outputs.push_back(w_.tensor(sbit::Type::float32, height_, width_, channels_));
    if (random_.coin()) outputs.push_back(w_.tensor(sbit::Type::bits, height_, width_, channels_));
    for (size_t i = 0; i < outputs.size(); ++i) attributes.push_back(integer(0, given + steps - 1));
    w_.op(sbit::OpKind::pointwise, inputs, outputs, constants, attributes);
    return w_.file(input_, outputs[0]);
  }

  Bytes max_pool() {
    begin(channels());
    const sbit::Type type = stream();
    const uint32_t in = stream_of(type);
    const Window shape = window(1);
    const uint32_t out = w_.tensor(type, shape.height, shape.width, channels_);
    std::vector<uint32_t> constants;
    if (type != sbit::Type::float32 && random_.coin()) {
      constants.push_back(w_.constant(sbit::Type::bits, random_words(random_, 1, channels_)));
    }
    w_.op(sbit::OpKind::max_pool, {in}, {out}, constants, shape.attributes);
    return end(type, shape.height, shape.width, channels_, out);
  }

  Bytes concat() {
    begin(channels());
    const sbit::Type type = stream();
    std::vector<uint32_t> inputs = {stream_of(type), stream_of(type)};
    while (random_.coin() && inputs.size() < 5) inputs.push_back(inputs[0]);
    const uint32_t all = channels_ * static_cast<uint32_t>(inputs.size());
    const uint32_t out = w_.tensor(type, height_, width_, all);
    w_.op(sbit::OpKind::concat, inputs, {out}, {}, {});
    return end(type, height_, width_, all, out);
  }

  Bytes flatten() {
    begin(channels());
    const sbit::Type type = stream();
    const uint32_t in = stream_of(type), all = height_ * width_ * channels_;
    const uint32_t out = w_.tensor(type, 1, 1, all);
    w_.op(sbit::OpKind::flatten, {in}, {out}, {}, {});
    return end(type, 1, 1, all, out);
  }

  Bytes lookup() {
    begin(channels());
    const uint32_t in = stream_of(sbit::Type::int32);
    const uint32_t out = w_.tensor(sbit::Type::float32, height_, width_, channels_);
    const int32_t length = integer(1, 20);
    const std::vector<float> values = random_floats(random_, channels_ * static_cast<size_t>(length));
    w_.op(sbit::OpKind::lookup, {in}, {out}, {w_.constant(sbit::Type::float32, values)}, {integer(-99, 99), length});
    return end(sbit::Type::float32, height_, width_, channels_, out);
  }

  // Runs of channels, single ones, repeated ones and zeros.
  Bytes select() {
    begin(channels());
    const sbit::Type type = stream();
    const uint32_t in = stream_of(type), outputs = channels();
    const std::vector<int32_t> index = random_index(random_, channels_, outputs, 0.9);
    const uint32_t out = w_.tensor(type, height_, width_, outputs);
    w_.op(sbit::OpKind::select, {in}, {out}, {w_.constant(sbit::Type::int32, index)}, {});
    return end(type, height_, width_, outputs, out);
  }

  check::Random& random_;
  Writer w_;
  uint32_t height_, width_, channels_ = 0, input_ = 0;
};

}  // namespace write_model
