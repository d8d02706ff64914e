#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "model_file.h"
#include "sections.h"

namespace sbit {

constexpr std::align_val_t kCacheLine{64};

void AlignedFree::operator()(void* memory) const noexcept { ::operator delete(memory, kCacheLine); }

AlignedBytes allocate_aligned(size_t bytes, const char* purpose) {
  const size_t rounded = round_up(bytes ? bytes : 1, 64);
  void* memory = ::operator new(rounded, kCacheLine, std::nothrow);
  if (!memory) throw Error(ErrorKind::limit, std::to_string(rounded) + " bytes are not to be had for " + purpose);
  return AlignedBytes(static_cast<uint8_t*>(memory));
}

const char* version() noexcept { return SIGNBIT_VERSION; }

const char* name(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::io: return "io";
    case ErrorKind::not_a_model: return "not_a_model";
    case ErrorKind::version: return "version";
    case ErrorKind::truncated: return "truncated";
    case ErrorKind::checksum: return "checksum";
    case ErrorKind::layout: return "layout";
    case ErrorKind::limit: return "limit";
    case ErrorKind::record: return "record";
    case ErrorKind::graph: return "graph";
    case ErrorKind::op: return "op";
    case ErrorKind::isa: return "isa";
    case ErrorKind::input: return "input";
  }
  return "unknown";
}

const char* name(Type type) noexcept {
  switch (type) {
    case Type::uint8: return "uint8";
    case Type::int8: return "int8";
    case Type::int32: return "int32";
    case Type::float32: return "float32";
    case Type::bits: return "bits";
  }
  return "unknown";
}

size_t Tensor::pixel_bytes() const noexcept {
  switch (type) {
    case Type::bits: return words() * sizeof(uint64_t);
    case Type::int32:
    case Type::float32: return size_t{channels} * 4;
    default: return channels;
  }
}

namespace {

struct Close {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

[[noreturn]] void fail_io(const std::string& path, const char* what) {
  throw Error(ErrorKind::io, std::string(what) + " " + path + ": " + std::strerror(errno));
}

}  // namespace

Model Model::load(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) fail_io(path, "cannot open");
  // A folder opens too, and has 2^63 - 1 bytes: reading it says what it is.
  if (std::fgetc(file.get()) == EOF && std::ferror(file.get())) fail_io(path, "cannot read");
  if (std::fseek(file.get(), 0, SEEK_END) != 0) fail_io(path, "cannot read");
  const long size = std::ftell(file.get());
  if (size < 0 || std::fseek(file.get(), 0, SEEK_SET) != 0) fail_io(path, "cannot read");
  const auto bytes = static_cast<size_t>(size);
  check_file_bytes(bytes);
  AlignedBytes content = allocate_aligned(bytes, "the model file");
  if (std::fread(content.get(), 1, bytes, file.get()) != bytes) fail_io(path, "cannot read");
  return Model(read_model_file(std::move(content), bytes));
}

Model Model::from_bytes(const void* bytes, size_t size) {
  check_file_bytes(size);
  AlignedBytes content = allocate_aligned(size, "the model file");
  if (size) std::memcpy(content.get(), bytes, size);
  return Model(read_model_file(std::move(content), size));
}

const std::vector<Tensor>& Model::tensors() const noexcept { return graph_->tensors; }
const std::vector<Constant>& Model::constants() const noexcept { return graph_->constants; }
const std::vector<Op>& Model::ops() const noexcept { return graph_->ops; }
const std::vector<std::string_view>& Model::labels() const noexcept { return graph_->labels; }
std::string_view Model::metadata() const noexcept { return graph_->metadata; }
const Preprocessing& Model::preprocessing() const noexcept { return graph_->preprocessing; }
uint32_t Model::input() const noexcept { return graph_->input; }
uint32_t Model::output() const noexcept { return graph_->output; }
size_t Model::file_bytes() const noexcept { return graph_->file_bytes; }

}  // namespace sbit
