// signbit: run binary neural networks.
//
//   sbit::Model model = sbit::Model::load("network.sbit");
//   sbit::Session session(model);
//   session.run(images, count, scores);
//
// The namespace is sbit, like the files: <math.h> declares a function ::signbit, which a namespace cannot share.
//
// A Model is immutable and may be shared by any number of threads. A Session belongs to one thread at a time. Loading
// and construction throw sbit::Error; after that nothing throws, allocates or prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sbit {

// The rows of the error table of docs/file-format.md, and the two that concern a session.
enum class ErrorKind {
  io,
  not_a_model,
  version,
  truncated,
  checksum,
  layout,
  limit,
  record,
  graph,
  op,
  isa,    // an instruction set that is unknown here, or that this processor cannot run
  input,  // an argument of a session
};

const char* name(ErrorKind kind) noexcept;

// what() says what was given, what is allowed and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

// A run of elements that something else owns.
template <class T>
class View {
 public:
  View() = default;
  View(const T* data, size_t size) : data_(data), size_(size) {}
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }
  const T* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  const T& operator[](size_t i) const noexcept { return data_[i]; }

 private:
  const T* data_ = nullptr;
  size_t size_ = 0;
};

// The codes of docs/file-format.md.
enum class Type : uint32_t { uint8 = 1, int8 = 2, int32 = 3, float32 = 4, bits = 5 };

enum class OpKind : uint32_t {
  integer_conv = 1,
  float_conv = 2,
  binary_conv = 3,
  threshold = 4,
  pointwise = 5,
  max_pool = 6,
  concat = 7,
  flatten = 8,
  lookup = 9,
  select = 10,
};

const char* name(Type type) noexcept;
const char* name(OpKind kind) noexcept;

// Of the library, such as "0.1.0".
const char* version() noexcept;

// An image of height x width x channels (NHWC). A pixel of bits is ceil(channels / 64) words of 64 bits, channel c is
// bit c % 64 of word c / 64, and a set bit is -1.
struct Tensor {
  Type type;
  uint32_t height;
  uint32_t width;
  uint32_t channels;
  std::string_view name;

  size_t pixels() const noexcept { return size_t{height} * width; }
  size_t words() const noexcept { return (size_t{channels} + 63) / 64; }
  size_t elements() const noexcept { return pixels() * channels; }
  size_t pixel_bytes() const noexcept;
  size_t bytes() const noexcept { return pixels() * pixel_bytes(); }
};

struct Constant {
  Type type;
  size_t elements;  // of bits: words
  size_t bytes;
  const void* data;  // aligned to 64 bytes

  template <class T>
  const T* as() const noexcept {
    return static_cast<const T*>(data);
  }
};

struct Op {
  OpKind kind;
  std::string_view name;
  View<uint32_t> inputs;     // tensors
  View<uint32_t> outputs;    // tensors
  View<uint32_t> constants;  // constants
  View<int32_t> attributes;
};

// How a photo becomes the pixels that the model reads; docs/file-format.md says it exactly.
enum class Filter : uint32_t { unstated = 0, bilinear = 1, bicubic = 2 };
struct Preprocessing {
  uint32_t resize;  // the shorter side is scaled to this and the middle is cut out; 0: stretched to the input's size
  Filter filter;
};

struct Graph;

class Model {
 public:
  // Throws Error if the file cannot be read or breaks a rule of docs/file-format.md.
  static Model load(const std::string& path);
  // The same for a file that is in memory; the bytes are copied.
  static Model from_bytes(const void* bytes, size_t size);

  const std::vector<Tensor>& tensors() const noexcept;
  const std::vector<Constant>& constants() const noexcept;
  const std::vector<Op>& ops() const noexcept;
  const std::vector<std::string_view>& labels() const noexcept;
  std::string_view metadata() const noexcept;  // a JSON object, or empty
  const Preprocessing& preprocessing() const noexcept;
  uint32_t input() const noexcept;             // index of the tensor
  uint32_t output() const noexcept;
  size_t file_bytes() const noexcept;

 private:
  friend class Session;
  explicit Model(std::shared_ptr<const Graph> graph) : graph_(std::move(graph)) {}
  std::shared_ptr<const Graph> graph_;
};

struct SessionOptions {
  int threads = 1;   // 1 to 256, the calling one included
  std::string isa;   // empty: the environment's SIGNBIT_ISA, else the best that this processor can run
  size_t batch = 1;  // images that go through the network together; 1 to 65,536
  // What the session may allocate: a file of a few KB can name tensors of 4 GB. More is refused (limit) before it is
  // allocated.
  size_t most_bytes = size_t{1} << 32;
};

class Session {
 public:
  // Throws Error for an option that is not allowed, and where memory does not suffice.
  explicit Session(const Model& model, const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // Runs any number of images, `batch` at a time. input: images x the bytes of the input tensor; output: the same of
  // the output tensor.
  void run(const void* input, size_t images, void* output) noexcept;

  // Runs at most `batch` images, and adds the nanoseconds of each op to nanoseconds[op].
  void profile(const void* input, size_t images, void* output, uint64_t* nanoseconds) noexcept;

  // Runs one op on given inputs: one buffer of images x the tensor's bytes for each of its inputs and outputs. Uses the
  // same prepared op and kernels as run().
  void run_op(size_t op, const void* const* inputs, size_t images, void* const* outputs) noexcept;

  // Runs the whole network with a buffer of images x the tensor's bytes for every tensor; tensors[input] is read.
  void trace(size_t images, void* const* tensors) noexcept;

  const Model& model() const noexcept;
  const char* isa() const noexcept;
  int threads() const noexcept;
  size_t batch() const noexcept;
  size_t arena_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Names of the instruction sets in this build, best first, and of those that this processor can run.
std::vector<std::string> isas();
std::vector<std::string> supported_isas();

// Bit i % 64 of word i / 64 is 1 where values[i] < 0 or is NaN. words: ceil(count / 64).
// Throws Error for an unknown or unsupported isa; empty as in SessionOptions.
void pack_signs(const float* values, size_t count, uint64_t* words, const std::string& isa = "");

}  // namespace sbit
