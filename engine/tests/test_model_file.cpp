// Attacks on the reader. Whatever the bytes: Error, or a model that runs. The sanitizers watch.
#include <cstring>

#include "check.h"
#include "signbit/engine.hpp"
#include "small_network.h"
#include "utf8.h"

namespace {

using sbit::ErrorKind;
using write_model::Bytes;

constexpr int kFlips = 6000;
constexpr size_t kMostArena = size_t{1} << 22;  // a mutant that asks for more is not run

long loaded = 0, refused = 0;

void run(const sbit::Model& model) {
  size_t total = 0;
  for (const sbit::Tensor& tensor : model.tensors()) total += tensor.bytes();
  if (total > kMostArena) return;
  sbit::Session session(model);
  const Bytes input(model.tensors()[model.input()].bytes() * 2, 77);
  Bytes output(model.tensors()[model.output()].bytes() * 2);
  session.run(input.data(), 2, output.data());
}

// True where the file was refused.
bool attack(const Bytes& file) {
  try {
    const sbit::Model model = sbit::Model::from_bytes(file.data(), file.size());
    run(model);
    ++loaded;
    return false;
  } catch (const sbit::Error& error) {
    check::that(std::strlen(error.what()) > 10, "an error says something");
    ++refused;
    return true;
  }
}

void must_be(const Bytes& file, ErrorKind kind, const std::string& what) {
  try {
    sbit::Model::from_bytes(file.data(), file.size());
    check::that(false, what + ": loaded");
  } catch (const sbit::Error& error) {
    check::that(error.kind() == kind, what + ": " + sbit::name(error.kind()) + ", " + error.what());
  }
}

template <class T>
Bytes with(const Bytes& good, size_t at, T value, bool repaired = true) {
  Bytes file = good;
  write_model::put_at(file, at, value);
  if (repaired) write_model::repair(file);
  return file;
}

size_t section(const Bytes& file, size_t i) { return write_model::get_at<uint64_t>(file, 64 + i * 32 + 8); }

void each_byte_of_the_head(const Bytes& good) {
  for (size_t at = 0; at < section(good, 0); ++at) {
    for (const int change : {1, 0x80, 0xFF}) {
      Bytes file = good;
      file[at] = static_cast<uint8_t>(file[at] ^ change);
      check::that(attack(file), "byte " + std::to_string(at) + " changed, checksums not");
      write_model::repair(file);
      attack(file);
    }
  }
}

void each_truncation(const Bytes& good) {
  for (size_t size = 0; size < good.size(); ++size) {
    Bytes file(good.begin(), good.begin() + static_cast<long>(size));
    check::that(attack(file), "cut to " + std::to_string(size));
    if (size >= 24) write_model::put_at(file, 16, uint64_t(size));
    write_model::repair(file);
    check::that(attack(file), "cut to " + std::to_string(size) + " and repaired");
  }
  Bytes longer = good;
  longer.resize(good.size() + 64);
  must_be(longer, ErrorKind::truncated, "64 bytes more");
  write_model::put_at(longer, 16, uint64_t(longer.size()));
  write_model::repair(longer);
  must_be(longer, ErrorKind::layout, "64 bytes more, and it says so");
}

void random_flips(const Bytes& good) {
  check::Random random;
  for (int i = 0; i < kFlips; ++i) {
    Bytes file = good;
    for (int64_t flips = random.integer(1, 3); flips; --flips) {
      const auto at = static_cast<size_t>(random.integer(0, static_cast<int64_t>(file.size()) - 1));
      file[at] = random.coin() ? static_cast<uint8_t>(file[at] ^ (1 << random.integer(0, 7)))
                               : static_cast<uint8_t>(random.word());
    }
    write_model::repair(file);
    attack(file);
  }
}

// Every field of every record, with values at which sizes overflow.
void each_field(const Bytes& good) {
  const size_t end = section(good, 4);
  for (size_t at = section(good, 0); at < end; at += 4) {
    for (const uint32_t value : {0u, 1u, 2u, 5u, 64u, 255u, 65535u, 65536u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
      attack(with(good, at, value));
    }
  }
  for (size_t at = 64; at < 64 + 256; at += 8) {
    for (const uint64_t value :
         {uint64_t{0}, uint64_t{64}, uint64_t{1} << 32, uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{63}}) {
      attack(with(good, at, value));
    }
  }
}

// An op copies the input; a second one copies it, or the copy, to a tensor that has been written.
void tensors_written_twice() {
  using sbit::Type;
  for (const bool over_the_input : {false, true}) {
    write_model::Writer w;
    const uint32_t in = w.tensor(Type::float32, 1, 1, 1), out = w.tensor(Type::float32, 1, 1, 1);
    w.op(sbit::OpKind::pointwise, {in}, {out}, {}, {0, 0});
    w.op(sbit::OpKind::pointwise, {over_the_input ? out : in}, {over_the_input ? in : out}, {}, {0, 0});
    must_be(w.file(in, out), ErrorKind::graph, over_the_input ? "the input is written" : "a tensor is written twice");
  }
}

// What may not be the input or the output of a network, in files that have no other fault.
void types_of_the_ends() {
  using sbit::Type;
  write_model::Writer to_bits;
  const uint32_t in = to_bits.tensor(Type::float32, 1, 1, 1), signs = to_bits.tensor(Type::bits, 1, 1, 1);
  to_bits.op(sbit::OpKind::pointwise, {in}, {signs}, {}, {0, 0});
  must_be(to_bits.file(in, signs), ErrorKind::record, "the output is bits");
  for (const Type type : {Type::bits, Type::int32}) {
    write_model::Writer w;
    const uint32_t given = w.tensor(type, 1, 1, 1), out = w.tensor(Type::float32, 1, 1, 1);
    w.op(sbit::OpKind::pointwise, {given}, {out}, {}, {0, 0});
    must_be(w.file(given, out), ErrorKind::record, std::string("the input is ") + sbit::name(type));
  }
}

// A number of elements whose bytes, in 64 bits, are those of the constant: 2^61 more words, 2^62 more integers.
void elements_that_overflow(const Bytes& good) {
  const size_t end = section(good, 2);
  for (size_t at = section(good, 1); at + 32 <= end; at += 32) {
    const auto elements = write_model::get_at<uint64_t>(good, at + 8);
    const auto bytes = write_model::get_at<uint64_t>(good, at + 24);
    if (elements == 0 || bytes == elements) continue;  // the padding behind the section, and int8
    const uint64_t more = ~uint64_t{0} / (bytes / elements) + 1;
    must_be(with(good, at + 8, elements + more), ErrorKind::layout, "elements that overflow");
  }
}

// The input is 6 x 5 x 3: photos go to its size, or to a shorter side of at least 6.
void check_preprocessing(const Bytes& good) {
  const auto file = [&](uint32_t resize, uint32_t filter) { return with(with(good, 40, resize), 44, filter); };
  for (const uint32_t filter : {1u, 2u}) {
    for (const uint32_t resize : {0u, 6u, 24u}) {
      const Bytes bytes = file(resize, filter);
      const sbit::Preprocessing stated = sbit::Model::from_bytes(bytes.data(), bytes.size()).preprocessing();
      check::that(stated.resize == resize && uint32_t(stated.filter) == filter, "what was written is what is read");
    }
  }
  must_be(file(6, 0), ErrorKind::record, "a size without a filter");
  must_be(file(0, 3), ErrorKind::record, "filter 3");
  must_be(file(5, 2), ErrorKind::record, "a size below the input's height");
  must_be(file(25, 2), ErrorKind::record, "a size of more than four times the input's");
  must_be(with(file(0, 2), section(good, 0) + 12, 2u), ErrorKind::record, "a photo of two channels");
}

void each_kind_of_error(const Bytes& good) {
  must_be({}, ErrorKind::not_a_model, "nothing");
  must_be(Bytes(1000, 0), ErrorKind::not_a_model, "zeros");
  must_be(with(good, 8, 2u), ErrorKind::version, "version 2");
  must_be(with(good, 8, 0u), ErrorKind::version, "version 0");
  must_be(with(good, 12, 9u), ErrorKind::record, "9 sections");
  must_be(with(good, 60, 0u, false), ErrorKind::checksum, "header checksum");
  must_be(with(good, section(good, 7), uint8_t{1}, false), ErrorKind::checksum, "a constant changed");
  for (size_t at = 48; at < 60; ++at) {
    must_be(with(good, at, uint8_t{1}), ErrorKind::record, "reserved byte " + std::to_string(at));
  }
  must_be(with(good, 24, 99u), ErrorKind::record, "the input does not exist");
  must_be(with(good, 28, 0u), ErrorKind::graph, "the output is the input");
  must_be(with(good, 36, 3u), ErrorKind::record, "3 labels for 4 channels");
  must_be(with(good, 32, 0xFFFFFFFFu), ErrorKind::record, "labels past the strings");
  must_be(with(good, section(good, 0), 2u), ErrorKind::record, "an int8 tensor");
  must_be(with(good, section(good, 0) + 4, 65536u), ErrorKind::limit, "a tensor of 65,536 rows");
  must_be(with(good, section(good, 0) + 8, 0u), ErrorKind::record, "a tensor of no columns");
  must_be(with(good, section(good, 1) + 16, uint64_t{64}), ErrorKind::layout, "a constant's offset");
  must_be(with(good, section(good, 2), 11u), ErrorKind::record, "op kind 11");
  must_be(with(good, section(good, 2) + 40, 1u), ErrorKind::record, "the zeros of an op");
  must_be(with(good, section(good, 2) + 8, 1u), ErrorKind::layout, "a list that leaves a gap");
  must_be(with(good, section(good, 3), 99u), ErrorKind::record, "an op reads tensor 99");
  // The first op reads one tensor, writes one and has one constant: the first three indices.
  const auto tensors = write_model::get_at<uint32_t>(good, 64 + 24);
  const auto constants = write_model::get_at<uint32_t>(good, 64 + 32 + 24);
  must_be(with(good, section(good, 3), tensors), ErrorKind::record, "an op reads the tensor after the last");
  must_be(with(good, section(good, 3) + 4, tensors), ErrorKind::record, "an op writes the tensor after the last");
  must_be(with(good, section(good, 3) + 8, constants), ErrorKind::record, "an op has the constant after the last");
  for (size_t i = 0; i < 8; ++i) {
    for (const int64_t moved : {-64, 64}) {
      const uint64_t offset = section(good, i) + static_cast<uint64_t>(moved);
      must_be(with(good, 64 + i * 32 + 8, offset), ErrorKind::layout, "a section that begins elsewhere");
    }
  }
  must_be(with(good, section(good, 3), 5u), ErrorKind::graph, "an op reads what is not yet written");
  must_be(with(good, section(good, 3) + 4, 0u), ErrorKind::graph, "an op writes the input");
  must_be(with(good, section(good, 3) + 12, 4), ErrorKind::op, "a kernel of height 4");
  must_be(with(good, section(good, 5), uint8_t{0xFF}), ErrorKind::record, "text that is not UTF-8");
  must_be(with(good, section(good, 7), uint8_t{0x80}), ErrorKind::op, "a weight of -128");
}

// The zeros behind each section, which no checksum covers, and those behind each constant.
void each_zero_between(const Bytes& good) {
  long zeros = 0;
  const auto each = [&](size_t first, size_t end, bool repaired) {
    for (size_t at = first; at < end; ++at, ++zeros) {
      must_be(with(good, at, uint8_t{1}, repaired), ErrorKind::layout, "byte " + std::to_string(at) + " is not zero");
    }
  };
  const auto end_of = [&](size_t i) {
    return section(good, i) + write_model::get_at<uint64_t>(good, 64 + i * 32 + 16);
  };
  for (size_t i = 0; i < 8; ++i) each(end_of(i), i < 7 ? section(good, i + 1) : good.size(), false);
  const size_t constants = (end_of(1) - section(good, 1)) / 32;
  for (size_t i = 0; i + 1 < constants; ++i) {
    const size_t record = section(good, 1) + i * 32, data = section(good, 7);
    const auto offset = write_model::get_at<uint64_t>(good, record + 16);
    const auto bytes = write_model::get_at<uint64_t>(good, record + 24);
    each(data + offset + bytes, data + write_model::get_at<uint64_t>(good, record + 48), true);
  }
  check::that(zeros > 300 && good.size() > end_of(7), "there are zeros everywhere");
}

void text() {
  for (const char* good :
       {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    check::that(sbit::is_utf8(good), std::string("is UTF-8: ") + good);
  }
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "a\xE2\x82", "\xC3\xC3"}) {
    check::that(!sbit::is_utf8(bad), "is not UTF-8");
  }
  for (const char* shown : {"", " ~", "\xC2\xA0", "\xC3\x80", "\xC2"}) {
    check::that(!sbit::has_control_character(shown), "has no control character");
  }
  for (const char* command : {"a\x1F", "\x01", "\x7F", "\xC2\x80", "\xC2\x9F"}) {
    check::that(sbit::has_control_character(command), "has a control character");
  }
  check::that(sbit::has_control_character({"a\0b", 3}), "has a zero");
}

void load_from_a_path(const Bytes& good) {
  try {
    sbit::Model::load("/no/such/file.sbit");
    check::that(false, "a file that is not there");
  } catch (const sbit::Error& error) {
    check::that(error.kind() == ErrorKind::io, "a file that is not there");
  }
  try {
    sbit::Model::load(".");
    check::that(false, "a folder");
  } catch (const sbit::Error& error) {
    check::that(error.kind() == ErrorKind::io, "a folder");
  }
  const char* path = "test_model_file.sbit";
  std::FILE* file = std::fopen(path, "wb");
  std::fwrite(good.data(), 1, good.size(), file);
  std::fclose(file);
  const sbit::Model model = sbit::Model::load(path);
  std::remove(path);
  check::that(model.file_bytes() == good.size() && model.labels().size() == 4 && model.labels()[3] == "class 3",
              "what was written is read");
  check::that(model.metadata() == "{\"by\": \"test\"}" && model.ops().size() == 11, "metadata and ops");
}

}  // namespace

int main() {
  const Bytes good = write_model::small_network();
  check::that(sbit::crc32(reinterpret_cast<const uint8_t*>("123456789"), 9) == 0xCBF43926u,
              "the check value of CRC-32");
  check::that(!attack(good), "the good file loads");
  load_from_a_path(good);
  text();
  each_kind_of_error(good);
  tensors_written_twice();
  types_of_the_ends();
  elements_that_overflow(good);
  each_zero_between(good);
  check_preprocessing(good);
  each_byte_of_the_head(good);
  each_truncation(good);
  each_field(good);
  random_flips(good);
  std::printf("mutants: %ld loaded and ran or were too large to run, %ld refused\n", loaded, refused);
  return check::report("model_file");
}
