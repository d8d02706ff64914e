// The limits of docs/file-format.md, each at its edge, and files that ask for far more than they bring: what is refused
// is refused before memory or time is lost to it.
//
// Not here: a file of 2^31 bytes that loads, which takes as much memory.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "check.h"
#include "counted_memory.h"
#include "model_file.h"
#include "one_op_network.h"
#include "ops/op.h"
#include "kernels/list.h"
#include "signbit/engine.hpp"

namespace {

using sbit::ErrorKind;
using sbit::Model;
using sbit::OpKind;
using sbit::Type;
using write_model::Bytes;
using write_model::Writer;

constexpr double kMostSeconds = 60;  // a tenth of a second to three without sanitizers; it is hours that are attacked

Model load(const Bytes& file) { return Model::from_bytes(file.data(), file.size()); }

void must_load(const Bytes& file, const std::string& what) {
  try {
    load(file);
    check::that(true, what);
  } catch (const sbit::Error& error) {
    check::that(false, what + ": " + error.what());
  }
}

void must_be(const Bytes& file, ErrorKind kind, const std::string& what) {
  try {
    load(file);
    check::that(false, what + ": loaded");
  } catch (const sbit::Error& error) {
    check::that(error.kind() == kind, what + ": " + sbit::name(error.kind()) + ", " + error.what());
  }
}

// `allowed` loads, one more does not.
template <class Build>
void edge(const Build& build, int64_t allowed, ErrorKind kind, const std::string& what) {
  must_load(build(allowed), what + ", " + std::to_string(allowed));
  must_be(build(allowed + 1), kind, what + ", " + std::to_string(allowed + 1));
}

// One more than none: `least` loads, one less does not.
template <class Build>
void low_edge(const Build& build, int64_t least, ErrorKind kind, const std::string& what) {
  must_load(build(least), what + ", " + std::to_string(least));
  must_be(build(least - 1), kind, what + ", " + std::to_string(least - 1));
}

uint32_t u32(int64_t value) { return static_cast<uint32_t>(value); }
int32_t i32(int64_t value) { return static_cast<int32_t>(value); }
size_t size(int64_t value) { return static_cast<size_t>(value); }

// ---- how many of a thing a file may have ----

// One float after another.
Bytes chain(int64_t tensors) {
  Writer w;
  w.share_names();
  const uint32_t first = w.tensor(Type::float32, 1, 1, 1);
  uint32_t last = first;
  for (int64_t i = 1; i < tensors; ++i) {
    const uint32_t next = w.tensor(Type::float32, 1, 1, 1);
    w.op(OpKind::pointwise, {last}, {next}, {}, {0, 0});
    last = next;
  }
  return w.file(first, last);
}

// Ops that write nothing: the section is refused before they are.
Bytes ops(int64_t ops) {
  Writer w;
  w.share_names();
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1);
  for (int64_t i = 0; i < ops; ++i) w.op(OpKind::flatten, {}, {}, {}, {});
  return w.file(in, in);
}

// A copy of one float, and what `add` puts into the file beside it.
template <class Add>
Bytes copy_and(const Add& add) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1), out = w.tensor(Type::float32, 1, 1, 1);
  w.op(OpKind::pointwise, {in}, {out}, {}, {0, 0});  // with those of the tensors, three strings
  add(w);
  return w.file(in, out);
}

Bytes constants(int64_t constants) {
  return copy_and([&](Writer& w) {
    for (int64_t i = 0; i < constants; ++i) w.constant(Type::int8, std::vector<int8_t>{1});
  });
}

Bytes strings(int64_t strings) {
  return copy_and([&](Writer& w) {
    for (int64_t i = 3; i < strings; ++i) w.string("");
  });
}

Bytes string_bytes(int64_t bytes) {
  return copy_and([&](Writer& w) { w.string(std::string(size(bytes), 'x')); });
}

// Concats of 255 inputs and one output: 256 indices each; the last one makes up the number.
Bytes indices(int64_t indices) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1);
  uint32_t out = in;
  for (int64_t left = indices; left > 0;) {
    const int64_t inputs = left > 258 ? 255 : left - 1;
    out = w.tensor(Type::float32, 1, 1, u32(inputs));
    w.op(OpKind::concat, std::vector<uint32_t>(size(inputs), in), {out}, {}, {});
    left -= inputs + 1;
  }
  return w.file(in, out);
}

void counts() {
  edge(chain, 65536, ErrorKind::limit, "tensors");
  must_be(ops(65536), ErrorKind::graph, "65,536 ops, which write nothing");
  must_be(ops(65537), ErrorKind::limit, "65,537 ops");
  edge(constants, 65536, ErrorKind::limit, "constants");
  edge(strings, 65536, ErrorKind::limit, "strings");
  edge(string_bytes, 65535, ErrorKind::limit, "bytes of a string");
  edge(indices, 1 << 20, ErrorKind::limit, "indices");
}

// ---- sizes ----

Bytes copy_of(uint32_t height, uint32_t width, uint32_t channels) {
  Writer w;
  const uint32_t in = w.tensor(Type::uint8, height, width, channels);
  const uint32_t out = w.tensor(Type::float32, height, width, channels);
  w.op(OpKind::pointwise, {in}, {out}, {}, {0, 0});
  return w.file(in, out);
}

// Of 2^30 bytes each.
Bytes large_tensors(int64_t tensors) {
  Writer w;
  const uint32_t first = w.tensor(Type::float32, 1 << 14, 1 << 14, 1);
  uint32_t last = first;
  for (int64_t i = 1; i < tensors; ++i) {
    const uint32_t next = w.tensor(Type::float32, 1 << 14, 1 << 14, 1);
    w.op(OpKind::pointwise, {last}, {next}, {}, {0, 0});
    last = next;
  }
  return w.file(first, last);
}

// Ops that share one constant of 2^22 bytes.
Bytes shared_constant(int64_t ops) {
  Writer w;
  const uint32_t in = w.tensor(Type::uint8, 1, 1, 1024), integers = w.tensor(Type::int32, 1, 1, 1024);
  w.op(OpKind::integer_conv, {in}, {integers}, {w.constant(Type::int8, std::vector<int8_t>(1 << 20, 0))},
       {1, 1, 1, 1, 0, 0, 1, 1});
  const uint32_t values = w.constant(Type::float32, std::vector<float>(1 << 20, 1.0f));
  uint32_t out = 0;
  for (int64_t i = 0; i < ops; ++i) {
    out = w.tensor(Type::float32, 1, 1, 1024);
    w.op(OpKind::lookup, {integers}, {out}, {values}, {0, 1024});
  }
  return w.file(in, out);
}

void too_large_a_file() {
  const uint8_t none[64] = {};
  const size_t before = counted_memory::bytes;
  try {
    Model::from_bytes(none, (size_t{1} << 31) + 64);
    check::that(false, "2^31 + 64 bytes");
  } catch (const sbit::Error& error) {
    check::that(error.kind() == ErrorKind::limit, "2^31 + 64 bytes in memory, of which none is touched");
  }
  const std::filesystem::path path = "test_limits.sbit";
  std::ofstream{path};
  std::filesystem::resize_file(path, uintmax_t{1} << 40);  // a hole: it takes no place on a disk
  try {
    Model::load(path.string());
    check::that(false, "a file of 2^40 bytes");
  } catch (const sbit::Error& error) {
    check::that(error.kind() == ErrorKind::limit, "a file of 2^40 bytes, of which none is read");
  }
  std::filesystem::remove(path);
  check::that(counted_memory::bytes - before < 65536, "too large a file takes no memory");
}

void sizes() {
  edge([](int64_t n) { return copy_of(u32(n), 1, 1); }, 65535, ErrorKind::limit, "height");
  edge([](int64_t n) { return copy_of(1, u32(n), 1); }, 65535, ErrorKind::limit, "width");
  edge([](int64_t n) { return copy_of(1, 1, u32(n)); }, 1 << 20, ErrorKind::limit, "channels");
  edge([](int64_t n) { return copy_of(1 << 14, 1 << 4, u32(n)); }, 1 << 10, ErrorKind::limit, "2^18 times elements");
  edge(large_tensors, 4, ErrorKind::limit, "2^30 bytes of tensors");
  edge(shared_constant, 511, ErrorKind::limit, "2^22 bytes of a shared constant");
  too_large_a_file();
}

// ---- the ops ----

struct Side {
  int64_t kernel = 1, stride = 1, padding = 0, dilation = 1;
  int64_t more_rows = 0;  // of the output, than the size rule says

  // Of the output for so many of the input.
  uint32_t rows(int64_t height) const {
    const int64_t reach = dilation * (kernel - 1) + 1;
    return u32((height + 2 * padding - reach) / std::max<int64_t>(1, stride) + 1 + more_rows);
  }
};

// A pool over columns, so that only the height is in question.
Bytes pool(int64_t height, const Side& side) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, u32(height), 1, 1);
  const uint32_t out = w.tensor(Type::float32, side.rows(height), 1, 1);
  w.op(OpKind::max_pool, {in}, {out}, {},
       {i32(side.kernel), 1, i32(side.stride), 1, i32(side.padding), 0, i32(side.dilation), 1});
  return w.file(in, out);
}

Bytes convolution(int64_t height, const Side& side) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, u32(height), 1, 1);
  const uint32_t out = w.tensor(Type::float32, side.rows(height), 1, 1);
  w.op(OpKind::float_conv, {in}, {out}, {w.constant(Type::float32, std::vector<float>(size(side.kernel), 1.0f))},
       {i32(side.kernel), 1, i32(side.stride), 1, i32(side.padding), 0, i32(side.dilation), 1, 1});
  return w.file(in, out);
}

void windows() {
  for (const auto build : {pool, convolution}) {
    edge([&](int64_t n) { return build(400, {n, 1, 0, 1}); }, 255, ErrorKind::op, "kernel");
    edge([&](int64_t n) { return build(600, {2, n, 0, 1}); }, 255, ErrorKind::op, "stride");
    edge([&](int64_t n) { return build(600, {2, 1, 0, n}); }, 255, ErrorKind::op, "dilation");
    low_edge([&](int64_t n) { return build(600, {2, n, 0, 1}); }, 1, ErrorKind::op, "stride");
  }
  edge([](int64_t n) { return convolution(9, {3, 1, n, 2}); }, 4, ErrorKind::op, "padding of a reach of 5");
  edge([](int64_t n) { return pool(9, {3, 1, n, 1}); }, 2, ErrorKind::op, "padding of a reach of 3");
  must_be(pool(1, {2, 1, 1, 2}), ErrorKind::op, "a pool's window between two taps of which the image lies");
  must_load(convolution(1, {2, 1, 1, 2}), "a convolution's window like that");
  edge([](int64_t n) { return pool(6, {3, 2, 0, 1, n}); }, 1, ErrorKind::op, "rows of a pool, rounded up");
  edge([](int64_t n) { return pool(7, {3, 2, 0, 1, n}); }, 0, ErrorKind::op, "rows of a pool that fits");
  edge([](int64_t n) { return convolution(6, {3, 2, 0, 1, n}); }, 0, ErrorKind::op, "rows of a convolution");
  must_load(convolution(65535, {255, 255, 255 * 254, 255}), "everything at its largest");
}

Bytes grouped(int64_t groups) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, u32(groups)), bits = w.tensor(Type::bits, 1, 1, u32(groups));
  const uint32_t out = w.tensor(Type::int32, 1, 1, u32(groups));
  w.op(OpKind::pointwise, {in}, {bits}, {}, {0, 0});
  w.op(OpKind::binary_conv, {bits}, {out}, {w.constant(Type::bits, std::vector<uint64_t>(size(groups), 1))},
       {1, 1, 1, 1, 0, 0, 1, 1, i32(groups), 0});
  return w.file(in, out);
}

// A pool, a convolution and a threshold over so many channels; in the last row of one of their constants a bit is set.
Bytes bits_set(uint32_t channels, size_t bit, int constant) {
  Writer w;
  const size_t words = (channels + 63) / 64;
  const auto bits = [&](size_t rows, bool set) {
    std::vector<uint64_t> values(rows * words, 0);
    if (set) values[(rows - 1) * words + bit / 64] |= uint64_t{1} << (bit % 64);
    return w.constant(Type::bits, values);
  };
  const auto zeros = w.constant(Type::int32, std::vector<int32_t>(channels, 0));
  const uint32_t in = w.tensor(Type::float32, 1, 1, channels), signs = w.tensor(Type::bits, 1, 1, channels);
  const uint32_t pooled = w.tensor(Type::bits, 1, 1, channels), out = w.tensor(Type::int32, 1, 1, 2);
  w.op(OpKind::pointwise, {in}, {signs}, {}, {0, 0});
  w.op(OpKind::max_pool, {signs}, {pooled}, {bits(1, constant == 0)}, {1, 1, 1, 1, 0, 0, 1, 1});
  w.op(OpKind::binary_conv, {pooled}, {out}, {bits(2, constant == 1)}, {1, 1, 1, 1, 0, 0, 1, 1, 1, 0});
  const uint32_t sums = w.tensor(Type::int32, 1, 1, channels), last = w.tensor(Type::bits, 1, 1, channels);
  w.op(OpKind::binary_conv, {pooled}, {sums},
       {w.constant(Type::bits, std::vector<uint64_t>(channels * words, 0))}, {1, 1, 1, 1, 0, 0, 1, 1, 1, 0});
  w.op(OpKind::threshold, {sums}, {last}, {zeros, zeros, bits(1, constant == 2)}, {});
  return w.file(in, out);
}

void unused_bits() {
  for (const uint32_t channels : {1u, 31u, 63u, 64u, 65u, 127u}) {
    for (const int constant : {0, 1, 2}) {
      const std::string what = "bits of constant " + std::to_string(constant) + ", bit ";
      must_load(bits_set(channels, channels - 1, constant), what + std::to_string(channels - 1));
      for (size_t bit = channels; bit % 64; ++bit) {
        must_be(bits_set(channels, bit, constant), ErrorKind::op, what + std::to_string(bit));
      }
    }
  }
}

// A binary kernel of height x 1 over 2^20 channels.
Bytes deep(int64_t height) {
  Writer w;
  constexpr uint32_t kChannels = 1 << 20;
  const uint32_t in = w.tensor(Type::uint8, u32(height), 1, kChannels);
  const uint32_t bits = w.tensor(Type::bits, u32(height), 1, kChannels), out = w.tensor(Type::int32, 1, 1, 1);
  w.op(OpKind::pointwise, {in}, {bits}, {}, {0, 0});
  w.op(OpKind::binary_conv, {bits}, {out},
       {w.constant(Type::bits, std::vector<uint64_t>(size(height) * kChannels / 64, 0))},
       {i32(height), 1, 1, 1, 0, 0, 1, 1, 1, 0});
  return w.file(in, out);
}

// The weights of one output sum up to 1,032 * 127 + more, and 2^24 / 128 is 131,072.
Bytes heavy(int64_t more) {
  Writer w;
  std::vector<int8_t> weights(1033, -127);
  weights.back() = static_cast<int8_t>(more);
  const uint32_t in = w.tensor(Type::uint8, 1, 1, 1033), out = w.tensor(Type::int32, 1, 1, 1);
  w.op(OpKind::integer_conv, {in}, {out}, {w.constant(Type::int8, weights)}, {1, 1, 1, 1, 0, 0, 1, 1});
  return w.file(in, out);
}

struct Lists {
  int64_t inputs = 1, outputs = 1, constants = 0, steps = 0;
};

Bytes pointwise(const Lists& lists) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1);
  const uint32_t one = lists.constants ? w.constant(Type::float32, std::vector<float>{1.0f}) : 0;
  std::vector<uint32_t> outputs;
  for (int64_t i = 0; i < lists.outputs; ++i) outputs.push_back(w.tensor(Type::float32, 1, 1, 1));
  std::vector<int32_t> attributes = {i32(lists.steps)};
  for (int64_t i = 0; i < lists.steps; ++i) attributes.insert(attributes.end(), {1, 0, 0, 0});
  attributes.resize(attributes.size() + outputs.size(), 0);
  w.op(OpKind::pointwise, std::vector<uint32_t>(size(lists.inputs), in), outputs,
       std::vector<uint32_t>(size(lists.constants), one), attributes);
  return w.file(in, outputs.empty() ? in : outputs[0]);
}

// One input and one constant are the values 0 and 1, the one step 2.
Bytes step_and_output(int64_t operand, int64_t output) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1), out = w.tensor(Type::float32, 1, 1, 1);
  w.op(OpKind::pointwise, {in}, {out}, {w.constant(Type::float32, std::vector<float>{1.0f})},
       {1, 1, 0, i32(operand), 0, i32(output)});
  return w.file(in, out);
}

Bytes concat(int64_t inputs) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1), out = w.tensor(Type::float32, 1, 1, u32(inputs));
  w.op(OpKind::concat, std::vector<uint32_t>(size(inputs), in), {out}, {}, {});
  return w.file(in, out);
}

// Of two tensors, the second with so many rows and columns: a pool makes it of the first.
Bytes concat_of(uint32_t rows, uint32_t columns, Type type) {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 3, 3, 1), second = w.tensor(Type::float32, rows, columns, 1);
  w.op(OpKind::max_pool, {in}, {second}, {}, {4 - i32(rows), 4 - i32(columns), 1, 1, 0, 0, 1, 1});
  const uint32_t typed = w.tensor(type, rows, columns, 1), out = w.tensor(Type::float32, 3, 3, 2);
  w.op(OpKind::pointwise, {second}, {typed}, {}, {0, 0});
  w.op(OpKind::concat, {in, typed}, {out}, {}, {});
  return w.file(in, out);
}

void concats() {
  must_load(concat_of(3, 3, Type::float32), "concat");
  must_be(concat_of(2, 3, Type::float32), ErrorKind::op, "concat, another height");
  must_be(concat_of(3, 2, Type::float32), ErrorKind::op, "concat, another width");
  must_be(concat_of(3, 3, Type::bits), ErrorKind::op, "concat, another type");
}

// Two channels of 3 x 2, and what is said of the one that is made.
struct Selection {
  std::vector<int32_t> index = {1, 0, -1};
  Type in = Type::float32, out = Type::float32;
  uint32_t height = 3, width = 2, outputs = 3;
  int64_t inputs = 1, outs = 1, constants = 1, attributes = 0;
  Type constant = Type::int32;
};

Bytes select(const Selection& s) {
  Writer w;
  const uint32_t in = w.tensor(s.in, 3, 2, 2);
  std::vector<uint32_t> outputs;
  for (int64_t i = 0; i < s.outs; ++i) outputs.push_back(w.tensor(s.out, s.height, s.width, s.outputs));
  const uint32_t index = w.constant(s.constant, s.index);
  w.op(OpKind::select, std::vector<uint32_t>(size(s.inputs), in), outputs,
       std::vector<uint32_t>(size(s.constants), index), std::vector<int32_t>(size(s.attributes), 0));
  const uint32_t copy = w.tensor(Type::float32, 3, 2, 2);
  w.op(OpKind::pointwise, {in}, {copy}, {}, {0, 0});  // a file without an output is none
  return w.file(in, copy);
}

void selections() {
  must_load(select({}), "select");
  const auto index = [](int64_t n) { return select({{0, i32(n), 1}}); };
  edge(index, 1, ErrorKind::op, "index of 2 channels");
  low_edge(index, -1, ErrorKind::op, "index of 2 channels");
  for (const int32_t n : {INT32_MIN, INT32_MAX, 1 << 20}) {
    must_be(index(n), ErrorKind::op, "index " + std::to_string(n));
  }
  const auto refused = [](const char* what, auto change) {
    Selection selection;
    change(selection);
    must_be(select(selection), ErrorKind::op, std::string("select, ") + what);
  };
  refused("index one too short", [](Selection& s) { s.index = {1, 0}; });
  refused("index one too long", [](Selection& s) { s.index = {1, 0, 0, 0}; });
  refused("index of floats", [](Selection& s) { s.constant = Type::float32; });
  refused("another height", [](Selection& s) { s.height = 2; });
  refused("another width", [](Selection& s) { s.width = 3; });
  refused("pixels", [](Selection& s) { s.in = Type::uint8; });
  refused("another type", [](Selection& s) { s.out = Type::int32; });
  refused("no input", [](Selection& s) { s.inputs = 0; });
  refused("two inputs", [](Selection& s) { s.inputs = 2; });
  refused("no output", [](Selection& s) { s.outs = 0; });
  refused("two outputs", [](Selection& s) { s.outs = 2; });
  refused("no constant", [](Selection& s) { s.constants = 0; });
  refused("two constants", [](Selection& s) { s.constants = 2; });
  refused("an attribute", [](Selection& s) { s.attributes = 1; });
}

void every_op() {
  windows();
  unused_bits();
  concats();
  selections();
  edge(grouped, 65536, ErrorKind::op, "groups");
  edge(deep, 15, ErrorKind::op, "2^20 times products of an output");
  edge(heavy, 7, ErrorKind::op, "sum of an integer convolution");
  must_be(heavy(-128), ErrorKind::op, "the weight -128");
  edge([](int64_t n) { return pointwise({n, 1, 0, 0}); }, 16, ErrorKind::op, "pointwise inputs");
  edge([](int64_t n) { return pointwise({1, n, 0, 0}); }, 16, ErrorKind::op, "pointwise outputs");
  edge([](int64_t n) { return pointwise({1, 1, n, 0}); }, 256, ErrorKind::op, "pointwise constants");
  edge([](int64_t n) { return pointwise({1, 1, 0, n}); }, 256, ErrorKind::op, "pointwise steps");
  edge([](int64_t n) { return step_and_output(n, 2); }, 1, ErrorKind::op, "operand of a step, which is value");
  edge([](int64_t n) { return step_and_output(1, n); }, 2, ErrorKind::op, "output of the last value, which is");
  low_edge([](int64_t n) { return step_and_output(n, 2); }, 0, ErrorKind::op, "operand");
  low_edge([](int64_t n) { return step_and_output(1, n); }, 0, ErrorKind::op, "output's value");
  low_edge([](int64_t n) { return pointwise({n, 1, 0, 0}); }, 1, ErrorKind::op, "pointwise inputs");
  edge(concat, 256, ErrorKind::op, "concat inputs");
  low_edge(concat, 2, ErrorKind::op, "concat inputs");
}

// ---- the memory of a session ----

std::shared_ptr<const sbit::Graph> graph_of(const Bytes& file) {
  sbit::AlignedBytes content = sbit::allocate_aligned(file.size(), "a test");
  std::memcpy(content.get(), file.data(), file.size());
  return sbit::read_model_file(std::move(content), file.size());
}

// What is foretold is what is taken: the limit of a session rests on it.
void foretold(const Bytes& file, const std::string& what) {
  const auto graph = graph_of(file);
  const sbit::kernels::Table& kernels = sbit::kernels::choose("");
  for (const sbit::Op& op : graph->ops) {
    const sbit::OpEntry* entry = sbit::find_op(op.kind);
    const size_t bytes = entry->prepared_bytes(*graph, op);
    const size_t before = counted_memory::bytes;
    const auto prepared = entry->prepare(*graph, op, kernels);
    const size_t taken = counted_memory::bytes - before;
    // Beside what lasts: the object, and what packing needs on the way, such as one output's weights.
    check::that(taken <= bytes + bytes / 4 + 8192 && bytes <= 2 * taken,
                what + ", " + entry->name + ": " + std::to_string(bytes) + " bytes foretold, " + std::to_string(taken) +
                    " taken");
  }
}

// 65,536 groups of one channel each are padded to 16 lanes.
Bytes depthwise() {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 3, 3, 65536), out = w.tensor(Type::float32, 3, 3, 65536);
  w.op(OpKind::float_conv, {in}, {out}, {w.constant(Type::float32, std::vector<float>(65536 * 9, 1.0f))},
       {3, 3, 1, 1, 1, 1, 1, 1, 65536});
  return w.file(in, out);
}

// As many runs of channels as there are channels.
Bytes flipped() {
  Writer w;
  std::vector<int32_t> index(65536);
  for (size_t i = 0; i < index.size(); ++i) index[i] = i32(65535 - int64_t(i));
  const uint32_t in = w.tensor(Type::float32, 1, 1, 65536), out = w.tensor(Type::float32, 1, 1, 65536);
  w.op(OpKind::select, {in}, {out}, {w.constant(Type::int32, index)}, {});
  return w.file(in, out);
}

// Every pixel of the border has sums of its own, for 16 lanes where there is one output.
Bytes borders() {
  Writer w;
  const uint32_t in = w.tensor(Type::uint8, 600, 600, 1), bits = w.tensor(Type::bits, 600, 600, 1);
  const uint32_t out = w.tensor(Type::int32, 854, 854, 1);
  w.op(OpKind::pointwise, {in}, {bits}, {}, {0, 0});
  w.op(OpKind::binary_conv, {bits}, {out}, {w.constant(Type::bits, std::vector<uint64_t>(255 * 255, 1))},
       {255, 255, 1, 1, 254, 254, 1, 1, 1, 0});
  return w.file(in, out);
}

// 2^20 channels, and 256 constants that are one number.
Bytes one_number() {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1 << 20), out = w.tensor(Type::float32, 1, 1, 1 << 20);
  const std::vector<uint32_t> constants(256, w.constant(Type::float32, std::vector<float>{1.0f}));
  w.op(OpKind::pointwise, {in}, {out}, constants, {0, 0});
  return w.file(in, out);
}

// Weights of 2^16 bytes for 2,000 ops, each of which packs them for 16 lanes.
Bytes shared_weights() {
  Writer w;
  const uint32_t in = w.tensor(Type::float32, 1, 1, 1 << 14);
  const uint32_t weights = w.constant(Type::float32, std::vector<float>(1 << 14, 1.0f));
  uint32_t out = in;
  for (int i = 0; i < 2000; ++i) {
    out = w.tensor(Type::float32, 1, 1, 1);
    w.op(OpKind::float_conv, {in}, {out}, {weights}, {1, 1, 1, 1, 0, 0, 1, 1, 1});
  }
  return w.file(in, out);
}

// Sums of 2^20 outputs for 48 pixels: 2^20 * 4 * 48 bytes for each thread.
Bytes waiting_sums() {
  Writer w;
  constexpr uint32_t kChannels = 65536, kOutputs = 1 << 20;
  const uint32_t in = w.tensor(Type::float32, 1, 1, kChannels), bits = w.tensor(Type::bits, 1, 1, kChannels);
  const uint32_t out = w.tensor(Type::bits, 1, 1, kOutputs), real = w.tensor(Type::float32, 1, 1, kOutputs);
  w.op(OpKind::pointwise, {in}, {bits}, {}, {0, 0});
  const uint32_t zeros = w.constant(Type::int32, std::vector<int32_t>(kOutputs, 0));
  w.op(OpKind::binary_conv, {bits}, {out},
       {w.constant(Type::bits, std::vector<uint64_t>(kOutputs, 1)), zeros, zeros,
        w.constant(Type::bits, std::vector<uint64_t>(kOutputs / 64, 0))},
       {1, 1, 1, 1, 0, 0, 1, 1, i32(kChannels), 0});
  w.op(OpKind::pointwise, {out}, {real}, {}, {0, 0});
  return w.file(in, real);
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Whatever the file: no more than `most` bytes and no long time.
void bounded(const Bytes& file, size_t most, bool fits, const std::string& what, sbit::SessionOptions options = {}) {
  const double begin = seconds();
  const Model model = load(file);
  const double loaded = seconds();
  const size_t before = counted_memory::bytes;
  options.most_bytes = most;
  bool made = true;
  try {
    sbit::Session session(model, options);
  } catch (const sbit::Error& error) {
    made = false;
    check::that(error.kind() == ErrorKind::limit, what + ": " + error.what());
  }
  const double done = seconds();
  const size_t taken = counted_memory::bytes - before;
  std::printf("%-40s %9zu bytes, loaded in %.3f s, %s in %.3f s with %zu bytes\n", what.c_str(), file.size(),
              loaded - begin, made ? "prepared" : "refused", done - loaded, taken);
  check::that(made == fits, what + (made ? " fits" : " does not fit"));
  // The plan of the tensors, at most 100 bytes a tensor, is not counted.
  check::that(taken <= most + most / 4 + 65536 + 100 * model.tensors().size(), what + " takes too much");
  check::that(done - begin < kMostSeconds, what + " takes too long");
}

void memory() {
  check::Random random;
  for (const OpKind kind : write_model::kAllOps) {
    for (int i = 0; i < 40; ++i) foretold(write_model::OneOpNetwork(random).around(kind), "a small network");
  }
  foretold(depthwise(), "depthwise");
  foretold(borders(), "borders");
  foretold(one_number(), "one number");
  foretold(flipped(), "flipped channels");
  constexpr size_t kMost = size_t{1} << 26;
  bounded(one_number(), kMost, true, "256 constants of one number");
  bounded(depthwise(), kMost, true, "65,536 groups");
  bounded(depthwise(), kMost / 4, false, "65,536 groups, and less memory");
  bounded(borders(), kMost, true, "509 x 509 kinds of border");
  bounded(borders(), kMost / 8, false, "509 x 509 kinds of border, less memory");
  bounded(shared_weights(), kMost, false, "weights that 2,000 ops share");
  bounded(large_tensors(4), kMost, false, "tensors of 2^32 bytes");
  // The plan is quadratic in the tensors: 0.1 s for these, 1.5 s for as many as there may be.
  bounded(chain(16384), kMost, true, "16,384 tensors");
  sbit::SessionOptions options;
  options.threads = 4;
  bounded(waiting_sums(), size_t{1} << 29, false, "scratch of 4 threads", options);
  options.threads = 1;
  options.batch = 65536;
  bounded(write_model::small_network(), kMost, false, "a batch of 65,536", options);
}

// A session that may take a byte less than it needs is refused.
void edge_of_a_session() {
  const Model model = load(write_model::small_network());
  sbit::SessionOptions options;
  const auto fits = [&](size_t most) {
    options.most_bytes = most;
    try {
      sbit::Session session(model, options);
      return true;
    } catch (const sbit::Error&) {
      return false;
    }
  };
  size_t least = 0, most = size_t{1} << 32;
  while (least < most) {
    const size_t middle = (least + most) / 2;
    fits(middle) ? most = middle : least = middle + 1;
  }
  check::that(least > 4096 && least < 262144 && fits(least) && !fits(least - 1), "a session's own size");
}

}  // namespace

int main() {
  counts();
  sizes();
  every_op();
  memory();
  edge_of_a_session();
  return check::report("limits");
}
