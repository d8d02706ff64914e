// Ops against plain loops: what all instruction sets share, such as moving values, cannot be seen by comparing them.
// Channels around the ends of words, several images and threads, junk in the outputs.
#include <algorithm>
#include <numeric>
#include <vector>

#include "check.h"
#include "kernels/list.h"
#include "model_file.h"
#include "one_op_network.h"
#include "ops/op.h"
#include "signbit/engine.hpp"

namespace {

using sbit::OpKind;
using sbit::Tensor;
using sbit::Type;
using write_model::Bytes;
using write_model::Writer;

using Index = std::vector<int32_t>;

constexpr uint32_t kChannels[] = {1, 2, 31, 63, 64, 65, 127, 129, 513};
constexpr uint32_t kHeight = 2, kWidth = 3;
constexpr size_t kImages = 3;
constexpr uint8_t kJunk = 0xA5;  // what the output holds before

// ---- one op alone ----

struct Shape {
  Type type;
  uint32_t height, width, channels;
};

// A network around an op; those that give its inputs their types are not run.
class Around {
 public:
  // A tensor that the op reads.
  uint32_t input(Type type, uint32_t channels) {
    const uint32_t made = w_.tensor(type, kHeight, kWidth, channels);
    if (type == Type::int32) {
      const uint32_t weights = w_.constant(Type::int8, std::vector<int8_t>(channels, 1));
      w_.op(OpKind::integer_conv, {pixels_}, {made}, {weights}, {1, 1, 1, 1, 0, 0, 1, 1});
    } else {
      const uint32_t one = w_.tensor(type, kHeight, kWidth, 1);
      w_.op(OpKind::pointwise, {pixels_}, {one}, {}, {0, 0});
      w_.op(OpKind::select, {one}, {made}, {w_.constant(Type::int32, Index(channels, 0))}, {});
      ++ops_;
    }
    ++ops_;
    inputs_.push_back(made);
    return made;
  }
  Writer& writer() { return w_; }

  void op(OpKind kind, const std::vector<Shape>& shapes, const std::vector<uint32_t>& constants,
          const std::vector<int32_t>& attributes) {
    for (const Shape& s : shapes) outputs_.push_back(w_.tensor(s.type, s.height, s.width, s.channels));
    w_.op(kind, inputs_, outputs_, constants, attributes);
    const uint32_t real = w_.tensor(Type::float32, shapes[0].height, shapes[0].width, shapes[0].channels);
    w_.op(OpKind::pointwise, {outputs_[0]}, {real}, {}, {0, 0});
    file_ = w_.file(pixels_, real);
  }

  sbit::Model model() const { return sbit::Model::from_bytes(file_.data(), file_.size()); }
  size_t op_number() const { return ops_; }
  const std::vector<uint32_t>& inputs() const { return inputs_; }
  const std::vector<uint32_t>& outputs() const { return outputs_; }

 private:
  Writer w_;
  uint32_t pixels_ = w_.tensor(Type::uint8, kHeight, kWidth, 1);
  std::vector<uint32_t> inputs_, outputs_;
  size_t ops_ = 0;
  Bytes file_;
};

// The element of a channel: four bytes, or a bit. `pixel` counts over all images.
uint32_t get(const Tensor& tensor, const Bytes& bytes, size_t pixel, size_t channel) {
  const size_t at = pixel * tensor.pixel_bytes();
  if (tensor.type == Type::bits) return (bytes[at + channel / 8] >> (channel % 8)) & 1;
  return write_model::get_at<uint32_t>(bytes, at + channel * 4);
}
void put(const Tensor& tensor, Bytes& bytes, size_t pixel, size_t channel, uint32_t value) {
  const size_t at = pixel * tensor.pixel_bytes();
  if (tensor.type == Type::bits) {
    bytes[at + channel / 8] = static_cast<uint8_t>(bytes[at + channel / 8] | value << (channel % 8));
  } else {
    write_model::put_at(bytes, at + channel * 4, value);
  }
}

// Any four bytes: signalling NaN, -0.0 and denormals among them.
Bytes random_values(const Tensor& tensor, check::Random& random) {
  const size_t pixels = kImages * tensor.pixels();
  Bytes bytes;
  if (tensor.type == Type::bits) {
    for (const uint64_t word : write_model::random_words(random, pixels, tensor.channels)) {
      write_model::put(bytes, word);
    }
  } else {
    while (bytes.size() < pixels * tensor.pixel_bytes()) {
      write_model::put(bytes, random.coin(0.1) ? 0x80000000u : static_cast<uint32_t>(random.word()));
    }
  }
  return bytes;
}

// What the op gives on every instruction set and number of threads is `expected`, unused bits and all.
void check_op(const Around& around, const std::vector<Bytes>& given, const std::vector<Bytes>& expected,
              const std::string& what) {
  const sbit::Model model = around.model();
  std::vector<const void*> inputs;
  for (const Bytes& bytes : given) inputs.push_back(bytes.data());
  for (const std::string& isa : sbit::supported_isas()) {
    for (const int threads : {1, 3}) {
      sbit::SessionOptions options;
      options.isa = isa;
      options.threads = threads;
      options.batch = kImages;
      std::vector<Bytes> made;
      std::vector<void*> outputs;
      for (const Bytes& bytes : expected) made.emplace_back(bytes.size(), kJunk);
      for (Bytes& bytes : made) outputs.push_back(bytes.data());
      sbit::Session(model, options).run_op(around.op_number(), inputs.data(), kImages, outputs.data());
      check::that(made == expected, what + ", " + isa + ", " + std::to_string(threads) + " threads");
    }
  }
}

std::string title(const char* what, Type type, size_t channels) {
  return std::string(what) + ": " + sbit::name(type) + ", " + std::to_string(channels) + " channels";
}

// ---- concat ----

void concat(Type type, const std::vector<uint32_t>& channels, check::Random& random) {
  Around around;
  for (const uint32_t count : channels) around.input(type, count);
  const uint32_t all = std::accumulate(channels.begin(), channels.end(), 0u);
  around.op(OpKind::concat, {{type, kHeight, kWidth, all}}, {}, {});
  const sbit::Model model = around.model();
  const Tensor& out = model.tensors()[around.outputs()[0]];
  std::vector<Bytes> given;
  Bytes expected(kImages * out.bytes());
  size_t first = 0;
  for (const uint32_t input : around.inputs()) {
    const Tensor& in = model.tensors()[input];
    given.push_back(random_values(in, random));
    for (size_t pixel = 0; pixel < kImages * in.pixels(); ++pixel) {
      for (size_t channel = 0; channel < in.channels; ++channel) {
        put(out, expected, pixel, first + channel, get(in, given.back(), pixel, channel));
      }
    }
    first += in.channels;
  }
  check_op(around, given, {expected}, title("concat", type, all));
}

// ---- flatten ----

void flatten(Type type, uint32_t channels, check::Random& random) {
  Around around;
  around.input(type, channels);
  around.op(OpKind::flatten, {{type, 1, 1, kHeight * kWidth * channels}}, {}, {});
  const sbit::Model model = around.model();
  const Tensor &in = model.tensors()[around.inputs()[0]], &out = model.tensors()[around.outputs()[0]];
  const Bytes given = random_values(in, random);
  Bytes expected(kImages * out.bytes());
  for (size_t image = 0; image < kImages; ++image) {
    for (size_t channel = 0; channel < channels; ++channel) {
      for (size_t pixel = 0; pixel < in.pixels(); ++pixel) {
        put(out, expected, image, channel * in.pixels() + pixel, get(in, given, image * in.pixels() + pixel, channel));
      }
    }
  }
  check_op(around, {given}, {expected}, title("flatten", type, channels));
}

// ---- lookup, and the tables of threshold ----

// Integers around the ends of a table, and the least and the largest there are.
Bytes integers_around(int64_t first, int64_t length, size_t count, check::Random& random) {
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) {
    const int64_t ends[] = {INT32_MIN, INT32_MAX, first - 1, first, first + length - 1, first + length, 0};
    const int64_t value = random.coin() ? random.integer(first - 3, first + length + 3) : ends[random.integer(0, 6)];
    write_model::put(bytes, static_cast<int32_t>(std::clamp<int64_t>(value, INT32_MIN, INT32_MAX)));
  }
  return bytes;
}

size_t column(int64_t n, int64_t first, int64_t length) {
  return static_cast<size_t>(std::min(std::max(n - first, int64_t{0}), length - 1));
}

void lookup(uint32_t channels, int32_t first, int32_t length, check::Random& random) {
  Around around;
  around.input(Type::int32, channels);
  const std::vector<float> values = write_model::random_floats(random, channels * static_cast<size_t>(length));
  around.op(OpKind::lookup, {{Type::float32, kHeight, kWidth, channels}},
            {around.writer().constant(Type::float32, values)}, {first, length});
  const sbit::Model model = around.model();
  const Tensor &in = model.tensors()[around.inputs()[0]], &out = model.tensors()[around.outputs()[0]];
  const Bytes given = integers_around(first, length, kImages * in.elements(), random);
  Bytes expected(kImages * out.bytes());
  for (size_t pixel = 0; pixel < kImages * in.pixels(); ++pixel) {
    for (size_t channel = 0; channel < channels; ++channel) {
      const auto n = static_cast<int32_t>(get(in, given, pixel, channel));
      const float found = values[channel * static_cast<size_t>(length) + column(n, first, length)];
      uint32_t bits;
      std::memcpy(&bits, &found, 4);
      put(out, expected, pixel, channel, bits);
    }
  }
  check_op(around, {given}, {expected}, title("lookup", Type::int32, channels) + ", first " + std::to_string(first));
}

void threshold(uint32_t channels, int32_t first, int32_t length, check::Random& random) {
  const size_t rows = 3, row_words = (static_cast<size_t>(length) + 63) / 64;
  const Index low = write_model::random_integers(random, channels, -40, 5);
  const Index high = write_model::random_integers(random, channels, -5, 40);
  const Index row = write_model::random_integers(random, channels, -1, rows - 1);
  const std::vector<uint64_t> inverted = write_model::random_words(random, 1, channels);
  const std::vector<uint64_t> table = write_model::random_words(random, rows, static_cast<size_t>(length));
  Around around;
  around.input(Type::int32, channels);
  Writer& w = around.writer();
  around.op(OpKind::threshold, {{Type::bits, kHeight, kWidth, channels}},
            {w.constant(Type::int32, low), w.constant(Type::int32, high), w.constant(Type::bits, inverted),
             w.constant(Type::int32, row), w.constant(Type::bits, table)},
            {first, length});
  const sbit::Model model = around.model();
  const Tensor &in = model.tensors()[around.inputs()[0]], &out = model.tensors()[around.outputs()[0]];
  const Bytes given = integers_around(first, length, kImages * in.elements(), random);
  Bytes expected(kImages * out.bytes());
  for (size_t pixel = 0; pixel < kImages * in.pixels(); ++pixel) {
    for (size_t channel = 0; channel < channels; ++channel) {
      const auto n = static_cast<int32_t>(get(in, given, pixel, channel));
      const bool inside = low[channel] <= n && n <= high[channel];
      uint64_t negative = inside == ((inverted[channel / 64] >> (channel % 64) & 1) != 0);
      if (row[channel] >= 0) {
        const size_t place = column(n, first, length);
        negative = table[static_cast<size_t>(row[channel]) * row_words + place / 64] >> (place % 64) & 1;
      }
      put(out, expected, pixel, channel, static_cast<uint32_t>(negative));
    }
  }
  check_op(around, {given}, {expected}, title("threshold", Type::int32, channels) + ", first " + std::to_string(first));
}

// ---- pointwise ----

// Channels are computed in blocks of 512: inputs, constants and outputs of later blocks are their own.
void pointwise(uint32_t channels, check::Random& random) {
  Around around;
  around.input(Type::float32, channels);
  around.input(Type::bits, channels);
  around.input(Type::int32, channels);
  const std::vector<float> own = write_model::random_floats(random, channels), one = {0.25f};
  // 5: a * own + sign, 6: that + integer, 7: that * 0.25
  around.op(OpKind::pointwise,
            {{Type::float32, kHeight, kWidth, channels},
             {Type::bits, kHeight, kWidth, channels},
             {Type::bits, kHeight, kWidth, channels}},
            {around.writer().constant(Type::float32, own), around.writer().constant(Type::float32, one)},
            {3, 7, 0, 3, 1, 1, 5, 2, 0, 3, 6, 4, 0, 7, 6, 0});
  const sbit::Model model = around.model();
  const auto tensor = [&](uint32_t i) -> const Tensor& { return model.tensors()[i]; };
  const Tensor &real = tensor(around.inputs()[0]), &sign = tensor(around.inputs()[1]);
  const Tensor &integer = tensor(around.inputs()[2]), &out_bits = tensor(around.outputs()[1]);
  std::vector<Bytes> given(3), expected;
  for (const float value : write_model::random_floats(random, kImages * real.elements())) {
    write_model::put(given[0], value);
  }
  given[1] = random_values(sign, random);
  for (const int32_t value : write_model::random_integers(random, kImages * integer.elements(), -9, 9)) {
    write_model::put(given[2], value);
  }
  for (const uint32_t output : around.outputs()) expected.emplace_back(kImages * tensor(output).bytes());
  for (size_t pixel = 0; pixel < kImages * real.pixels(); ++pixel) {
    for (size_t channel = 0; channel < channels; ++channel) {
      const size_t at = (pixel * channels + channel) * 4;
      const auto a = write_model::get_at<float>(given[0], at);
      const float value = std::fma(a, own[channel], get(sign, given[1], pixel, channel) ? -1.0f : 1.0f) +
                          static_cast<float>(write_model::get_at<int32_t>(given[2], at));
      write_model::put_at(expected[0], at, value * 0.25f);
      put(out_bits, expected[1], pixel, channel, value < 0);
      put(out_bits, expected[2], pixel, channel, a < 0);
    }
  }
  check_op(around, given, expected, "pointwise, " + std::to_string(channels) + " channels");
}

// ---- select ----

void select(Type type, uint32_t channels, const Index& index, check::Random& random, const char* what) {
  Around around;
  around.input(type, channels);
  const auto outputs = static_cast<uint32_t>(index.size());
  around.op(OpKind::select, {{type, kHeight, kWidth, outputs}}, {around.writer().constant(Type::int32, index)}, {});
  const sbit::Model model = around.model();
  const Tensor &in = model.tensors()[around.inputs()[0]], &out = model.tensors()[around.outputs()[0]];
  const Bytes given = random_values(in, random);
  Bytes expected(kImages * out.bytes());
  for (size_t pixel = 0; pixel < kImages * in.pixels(); ++pixel) {
    for (size_t channel = 0; channel < index.size(); ++channel) {
      if (index[channel] < 0) continue;
      put(out, expected, pixel, channel, get(in, given, pixel, static_cast<size_t>(index[channel])));
    }
  }
  check_op(around, {given}, {expected},
           title("select", type, channels) + ", " + what + ", " + std::to_string(outputs) + " outputs");
}

void selects(Type type, uint32_t channels, check::Random& random) {
  const auto most = static_cast<int32_t>(channels);
  Index same(channels);
  std::iota(same.begin(), same.end(), 0);
  const auto check_index = [&](const Index& index, const char* what) { select(type, channels, index, random, what); };
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
    for (const double share : {0.0, 0.9, 0.99}) {
      check_index(write_model::random_index(random, channels, outputs, share), "random");
    }
  }
}

// ---- scratch ----

// No thread writes past the scratch that its op asked for, whatever the others of its network ask for.
void check_scratch(const sbit::Graph& graph, const sbit::Op& op, const sbit::kernels::Table& table, const Bytes& junk) {
  constexpr size_t kThreads = 3;
  const auto prepared = sbit::find_op(op.kind)->prepare(graph, op, table);
  const size_t asked = prepared->scratch_bytes(), stride = sbit::round_up(asked, 64) + 4096;
  const sbit::AlignedBytes scratch = sbit::allocate_aligned(stride * kThreads, "a test");
  std::fill_n(scratch.get(), stride * kThreads, kJunk);
  std::vector<Bytes> made;
  const std::vector<const void*> inputs(op.inputs.size(), junk.data());
  std::vector<void*> outputs;
  for (const uint32_t tensor : op.outputs) made.emplace_back(kImages * graph.tensors[tensor].bytes());
  for (Bytes& bytes : made) outputs.push_back(bytes.data());
  sbit::ThreadPool pool(kThreads);
  prepared->run({inputs.data(), outputs.data(), kImages, pool, scratch.get(), stride});
  bool untouched = true;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    const uint8_t* part = scratch.get() + thread * stride;
    untouched = untouched && std::all_of(part + asked, part + stride, [](uint8_t byte) { return byte == kJunk; });
  }
  check::that(untouched, std::string(sbit::name(op.kind)) + " keeps to its scratch, " + table.isa);
}

void scratch(check::Random& random) {
  for (const OpKind kind : write_model::kAllOps) {
    for (int i = 0; i < 40; ++i) {
      const Bytes file = write_model::OneOpNetwork(random).around(kind);
      sbit::AlignedBytes content = sbit::allocate_aligned(file.size(), "a test");
      std::memcpy(content.get(), file.data(), file.size());
      const auto graph = sbit::read_model_file(std::move(content), file.size());
      size_t most = 0;
      for (const Tensor& tensor : graph->tensors) most = std::max(most, kImages * tensor.bytes());
      Bytes junk(most);
      for (uint8_t& byte : junk) byte = static_cast<uint8_t>(random.word());
      for (const sbit::Op& op : graph->ops) {
        for (const char* isa : {"", "scalar"}) check_scratch(*graph, op, sbit::kernels::choose(isa), junk);
      }
    }
  }
}

}  // namespace

int main() {
  check::Random random;
  for (const Type type : {Type::int32, Type::float32, Type::bits}) {
    for (const uint32_t channels : kChannels) {
      concat(type, {channels, 1, channels, 70}, random);
      flatten(type, channels, random);
      selects(type, channels, random);
    }
    // Enough elements for every thread to have a part.
    concat(type, {4000, 4001, 65}, random);
    select(type, 513, write_model::random_index(random, 513, 9000, 0.95), random, "wide");
  }
  for (const uint32_t channels : {1u, 3u, 64u, 65u, 511u, 512u, 513u, 1100u}) pointwise(channels, random);
  for (const uint32_t channels : kChannels) {
    for (const int32_t first : {INT32_MIN, -70, 0, INT32_MAX - 2}) {
      for (const int32_t length : {1, 63, 64, 65, 130}) {
        lookup(channels, first, length, random);
        threshold(channels, first, length, random);
      }
    }
  }
  scratch(random);
  return check::report("ops");
}
