// Whatever the bytes: an Error, or a model that every instruction set runs to the same bits. The sanitizers watch.
//
// A file may ask for more memory than a session is given here: then it is refused, before any of it is allocated
// (-malloc_limit_mb sees to that). It may also ask for more arithmetic than a fuzzer has time for: such a model is
// prepared, and then left alone.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "mutate_model.h"
#include "signbit/engine.hpp"

namespace {

constexpr size_t kMostBytes = size_t{1} << 24;     // of a session, and of an image
constexpr size_t kMostProducts = size_t{1} << 22;  // of an image

// Numbers that differ with the file, the same for the same file.
class Stream {
 public:
  Stream(const uint8_t* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) state_ = (state_ ^ bytes[i]) * 0x100000001B3u;
  }
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }

 private:
  uint64_t state_ = 0xCBF29CE484222325u;
};

// The buffers of a run are made here, not by the session.
size_t buffer_bytes(const sbit::Model& model) {
  return model.tensors()[model.input()].bytes() + model.tensors()[model.output()].bytes();
}

// An upper bound: every output of a convolution takes a whole row of its weights, other ops a few steps.
bool is_quick(const sbit::Model& model) {
  size_t products = 0;
  for (const sbit::Op& op : model.ops()) {
    const sbit::Tensor& out = model.tensors()[op.outputs[0]];
    size_t each = op.attributes.size();
    if (op.kind == sbit::OpKind::max_pool) each = size_t(op.attributes[0]) * size_t(op.attributes[1]);
    if (op.kind == sbit::OpKind::integer_conv || op.kind == sbit::OpKind::float_conv) {
      each = model.constants()[op.constants[0]].elements / out.channels;
    }
    if (op.kind == sbit::OpKind::binary_conv) each = model.constants()[op.constants[0]].elements * 64 / out.channels;
    products += out.elements() * (each + 1);
  }
  return products <= kMostProducts;
}

// Pixels of all values; of floats one in four any bits at all, NaN and infinities among them.
std::vector<uint8_t> images(const sbit::Tensor& tensor, size_t count, Stream& stream) {
  std::vector<uint8_t> bytes(tensor.bytes() * count);
  if (tensor.type == sbit::Type::uint8) {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(stream.next());
    return bytes;
  }
  for (size_t at = 0; at < bytes.size(); at += 4) {
    const auto bits = static_cast<uint32_t>(stream.next());
    const float value = static_cast<float>(static_cast<int32_t>(bits)) / 16777216.0f;
    std::memcpy(bytes.data() + at, stream.next() % 4 ? static_cast<const void*>(&value) : &bits, 4);
  }
  return bytes;
}

// All NaN are one: which of two survives an addition is not fixed.
void join_nan(sbit::Type type, std::vector<uint8_t>& bytes) {
  if (type != sbit::Type::float32) return;
  for (size_t at = 0; at < bytes.size(); at += 4) {
    float value;
    std::memcpy(&value, bytes.data() + at, 4);
    if (std::isnan(value)) std::memset(bytes.data() + at, 0xFF, 4);
  }
}

sbit::SessionOptions bounded(const std::string& isa) {
  sbit::SessionOptions options;
  options.isa = isa;
  options.most_bytes = kMostBytes;
  return options;
}

std::vector<uint8_t> run(const sbit::Model& model, const sbit::SessionOptions& options,
                         const std::vector<uint8_t>& input, size_t count) {
  sbit::Session session(model, options);
  const sbit::Tensor& tensor = model.tensors()[model.output()];
  std::vector<uint8_t> output(tensor.bytes() * count);
  session.run(input.data(), count, output.data());
  join_nan(tensor.type, output);
  return output;
}

void run_everywhere(const sbit::Model& model, Stream& stream) {
  const size_t count = 1 + stream.next() % 2;
  const std::vector<uint8_t> input = images(model.tensors()[model.input()], count, stream);
  sbit::SessionOptions options = bounded("scalar");
  const std::vector<uint8_t> expected = run(model, options, input, count);
  for (const std::string& isa : sbit::supported_isas()) {
    if (isa == "scalar") continue;
    options = bounded(isa);
    options.batch = 1 + stream.next() % 2;
    options.threads = stream.next() % 32 ? 1 : 2;
    if (run(model, options, input, count) == expected) continue;
    std::fprintf(stderr, "%s and scalar differ\n", isa.c_str());
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const sbit::Model model = sbit::Model::from_bytes(data, size);
    Stream stream(data, size);
    if (is_quick(model) && buffer_bytes(model) <= kMostBytes) return run_everywhere(model, stream), 0;
    const sbit::Session prepared(model, bounded("scalar"));
  } catch (const sbit::Error&) {
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return mutate_model::mutate(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size, const uint8_t* other,
                                            size_t other_size, uint8_t* out, size_t max_size, unsigned seed) {
  return mutate_model::cross(one, one_size, other, other_size, out, max_size, seed);
}
