// Select against a plain loop: every type and instruction set, channels around the ends of words, runs, repeats and
// channels without a source.
#include <algorithm>
#include <numeric>
#include <vector>

#include "check.h"
#include "small_network.h"
#include "signbit/engine.hpp"

namespace {

using sbit::OpKind;
using sbit::Type;
using write_model::Bytes;
using write_model::Writer;

using Index = std::vector<int32_t>;

constexpr uint32_t kChannels[] = {1, 2, 31, 63, 64, 65, 127, 129, 513};
constexpr uint32_t kHeight = 2, kWidth = 3;
constexpr size_t kImages = 3, kPixels = kImages * kHeight * kWidth;
constexpr uint8_t kJunk = 0xA5;  // what the output holds before

// The type is reached by ops that are not run here: select is the last but one.
Bytes network(Type type, uint32_t channels, const Index& index) {
  Writer w;
  const auto outputs = static_cast<uint32_t>(index.size());
  const uint32_t input = w.tensor(type == Type::int32 ? Type::uint8 : Type::float32, kHeight, kWidth, channels);
  const uint32_t in = w.tensor(type, kHeight, kWidth, channels), out = w.tensor(type, kHeight, kWidth, outputs);
  if (type == Type::int32) {
    const uint32_t weights = w.constant(Type::int8, std::vector<int8_t>(size_t{channels} * channels, 1));
    w.op(OpKind::integer_conv, {input}, {in}, {weights}, {1, 1, 1, 1, 0, 0, 1, 1});
  } else {
    w.op(OpKind::pointwise, {input}, {in}, {}, {0, 0});
  }
  w.op(OpKind::select, {in}, {out}, {w.constant(Type::int32, index)}, {});
  const uint32_t real = w.tensor(Type::float32, kHeight, kWidth, outputs);
  w.op(OpKind::pointwise, {out}, {real}, {}, {0, 0});
  return w.file(input, real);
}

uint64_t bit(const Bytes& words, size_t place) { return (words[place / 8] >> (place % 8)) & 1; }

// Channel by channel.
Bytes expected(const sbit::Tensor& in, const sbit::Tensor& out, const Bytes& given, const Index& index) {
  Bytes result(kPixels * out.pixel_bytes());
  for (size_t pixel = 0; pixel < kPixels; ++pixel) {
    const size_t from = pixel * in.pixel_bytes(), to = pixel * out.pixel_bytes();
    for (size_t channel = 0; channel < index.size(); ++channel) {
      if (index[channel] < 0) continue;
      const auto source = static_cast<size_t>(index[channel]);
      if (in.type == Type::bits) {
        const uint64_t set = bit(given, from * 8 + source) << (channel % 8);
        result[to + channel / 8] = static_cast<uint8_t>(result[to + channel / 8] | set);
      } else {
        std::copy_n(given.data() + from + source * 4, 4, result.data() + to + channel * 4);
      }
    }
  }
  return result;
}

Bytes random_pixels(const sbit::Tensor& tensor, check::Random& random) {
  Bytes bytes;
  if (tensor.type == Type::bits) {
    for (const uint64_t word : write_model::random_words(random, kPixels, tensor.channels)) {
      write_model::put(bytes, word);
    }
  } else {  // any four bytes: signalling NaN, -0.0 and denormals among them
    while (bytes.size() < kPixels * tensor.pixel_bytes()) {
      write_model::put(bytes, random.coin(0.1) ? 0x80000000u : static_cast<uint32_t>(random.word()));
    }
  }
  return bytes;
}

void check_select(Type type, uint32_t channels, const Index& index, check::Random& random, const char* what) {
  const Bytes file = network(type, channels, index);
  const sbit::Model model = sbit::Model::from_bytes(file.data(), file.size());
  const sbit::Tensor &in = model.tensors()[1], &out = model.tensors()[2];
  const Bytes given = random_pixels(in, random), wanted = expected(in, out, given, index);
  for (const std::string& isa : sbit::supported_isas()) {
    for (const int threads : {1, 3}) {
      sbit::SessionOptions options;
      options.isa = isa;
      options.threads = threads;
      options.batch = kImages;
      Bytes made(wanted.size(), kJunk);
      const void* inputs[] = {given.data()};
      void* outputs[] = {made.data()};
      sbit::Session(model, options).run_op(1, inputs, kImages, outputs);
      check::that(made == wanted, std::string(what) + ": " + sbit::name(type) + ", " + std::to_string(channels) +
                                      " channels, " + std::to_string(index.size()) + " outputs, " + isa + ", " +
                                      std::to_string(threads) + " threads");
    }
  }
}

// `outputs` channels, each the one after its neighbour's with that probability.
Index random_index(check::Random& random, uint32_t channels, size_t outputs, double share) {
  Index index(outputs);
  for (size_t i = 0; i < outputs; ++i) {
    const bool goes_on = i > 0 && index[i - 1] + 1 < static_cast<int32_t>(channels) && random.coin(share);
    index[i] = goes_on ? index[i - 1] + 1 : static_cast<int32_t>(random.integer(-1, channels - 1));
  }
  return index;
}

void shapes(Type type, uint32_t channels, check::Random& random) {
  const auto most = static_cast<int32_t>(channels);
  Index same(channels);
  std::iota(same.begin(), same.end(), 0);
  const auto check_index = [&](const Index& index, const char* what) {
    check_select(type, channels, index, random, what);
  };
  check_index(same, "all");
  check_index(Index(same.rbegin(), same.rend()), "flipped");
  check_index({most - 1}, "the last");
  check_index({-1}, "one zero");
  check_index(Index(70, -1), "zeros");
  check_index(Index(70, most / 2), "one, again and again");
  check_index(Index(same.begin() + most / 3, same.end()), "a slice");
  Index padded(5, -1);
  padded.insert(padded.end(), same.begin(), same.end());
  padded.insert(padded.end(), 66, -1);
  check_index(padded, "zeros on both sides");  // -1 is followed by 0: not a run
  Index twice(same);
  twice.insert(twice.end(), same.begin(), same.end());
  check_index(twice, "twice");
  Index shuffled;
  for (const int32_t half : {0, 1}) {
    for (int32_t channel = half; channel < most; channel += 2) shuffled.push_back(channel);
  }
  check_index(shuffled, "shuffled");
  for (const uint32_t outputs : kChannels) {
    for (const double share : {0.0, 0.9, 0.99}) check_index(random_index(random, channels, outputs, share), "random");
  }
}

// Enough elements for every thread to have a part.
void many_pixels(Type type, check::Random& random) {
  check_select(type, 513, random_index(random, 513, 9000, 0.95), random, "wide");
}

}  // namespace

int main() {
  check::Random random;
  for (const Type type : {Type::int32, Type::float32, Type::bits}) {
    for (const uint32_t channels : kChannels) shapes(type, channels, random);
    many_pixels(type, random);
  }
  return check::report("select");
}
