// A writer of model files for the tests: as little as they need, and able to write wrong ones.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "crc32.h"
#include "signbit/engine.hpp"

namespace write_model {

using Bytes = std::vector<uint8_t>;

template <class T>
void put(Bytes& bytes, T value) {
  const auto* from = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), from, from + sizeof(T));
}

template <class T>
void put_at(Bytes& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

template <class T>
T get_at(const Bytes& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

inline void align(Bytes& bytes) { bytes.resize((bytes.size() + 63) / 64 * 64); }

constexpr size_t kHeader = 64, kTable = 8 * 32;

// Computes all checksums anew, so that what lies behind them is what is attacked.
inline void repair(Bytes& file) {
  if (file.size() < kHeader + kTable) return;
  for (size_t i = 0; i < 8; ++i) {
    const size_t at = kHeader + i * 32;
    const auto offset = get_at<uint64_t>(file, at + 8), bytes = get_at<uint64_t>(file, at + 16);
    if (offset > file.size() || bytes > file.size() - offset) continue;
    put_at(file, at + 4, sbit::crc32(file.data() + offset, bytes));
  }
  put_at(file, 60, sbit::crc32(file.data() + kHeader, kTable, sbit::crc32(file.data(), 60)));
}

// The sections of a file in their order, and what its header says of them.
struct Parts {
  Bytes sections[8];
  uint32_t input = 0, output = 0, first_label = 0, labels = 0, resize = 0, filter = 0;
};

constexpr size_t kRecordBytes[8] = {24, 32, 48, 4, 8, 0, 0, 0};

// A file of these sections, with the places, sizes and checksums that belong to them.
inline Bytes put_together(const Parts& parts) {
  Bytes table, body;
  for (uint32_t i = 0; i < 8; ++i) {
    const Bytes& section = parts.sections[i];
    put(table, i + 1);
    put(table, 0u);
    put(table, uint64_t(kHeader + kTable + body.size()));
    put(table, uint64_t(section.size()));
    put(table, uint64_t(kRecordBytes[i] ? section.size() / kRecordBytes[i] : 0));
    body.insert(body.end(), section.begin(), section.end());
    align(body);
  }
  Bytes file = {0x89, 'S', 'B', 'I', 'T', '\r', '\n', 0x1A};
  put(file, 1u);
  put(file, 8u);
  put(file, uint64_t(kHeader + kTable + body.size()));
  for (const uint32_t field :
       {parts.input, parts.output, parts.first_label, parts.labels, parts.resize, parts.filter}) {
    put(file, field);
  }
  file.resize(kHeader);
  file.insert(file.end(), table.begin(), table.end());
  file.insert(file.end(), body.begin(), body.end());
  repair(file);
  return file;
}

class Writer {
 public:
  // From now on all tensors and ops have one name: a file may have fewer strings than tensors and ops.
  void share_names() {
    string("shared");
    shared_name_ = static_cast<uint32_t>(parts_.sections[4].size() / 8 - 1);
    shares_names_ = true;
  }

  uint32_t tensor(sbit::Type type, uint32_t height, uint32_t width, uint32_t channels) {
    const uint32_t name = name_of("t" + std::to_string(tensors_));
    for (const uint32_t field : {uint32_t(type), height, width, channels, name, 0u}) put(parts_.sections[0], field);
    return tensors_++;
  }

  template <class T>
  uint32_t constant(sbit::Type type, const std::vector<T>& values) {
    align(parts_.sections[7]);
    put(parts_.sections[1], uint32_t(type));
    put(parts_.sections[1], 0u);
    put(parts_.sections[1], uint64_t(values.size()));
    put(parts_.sections[1], uint64_t(parts_.sections[7].size()));
    put(parts_.sections[1], uint64_t(values.size() * sizeof(T)));
    for (const T value : values) put(parts_.sections[7], value);
    return constants_++;
  }

  void op(sbit::OpKind kind, const std::vector<uint32_t>& inputs, const std::vector<uint32_t>& outputs,
          const std::vector<uint32_t>& constants, const std::vector<int32_t>& attributes) {
    put(parts_.sections[2], uint32_t(kind));
    put(parts_.sections[2], name_of("op" + std::to_string(ops_++)));
    list(inputs);
    list(outputs);
    list(constants);
    list(attributes);
    put(parts_.sections[2], uint64_t{0});
  }

  // The strings that follow become the labels.
  void labels(uint32_t count) {
    parts_.first_label = static_cast<uint32_t>(parts_.sections[4].size() / 8);
    parts_.labels = count;
    for (uint32_t i = 0; i < count; ++i) string("class " + std::to_string(i));
  }

  Bytes file(uint32_t input, uint32_t output) {
    const std::string metadata = "{\"by\": \"test\"}";
    parts_.sections[6].assign(metadata.begin(), metadata.end());
    parts_.input = input;
    parts_.output = output;
    return put_together(parts_);
  }

  uint32_t string(const std::string& text) {
    put(parts_.sections[4], uint32_t(parts_.sections[5].size()));
    put(parts_.sections[4], uint32_t(text.size()));
    parts_.sections[5].insert(parts_.sections[5].end(), text.begin(), text.end());
    return static_cast<uint32_t>(parts_.sections[4].size() / 8 - 1);
  }

 private:
  uint32_t name_of(const std::string& text) { return shares_names_ ? shared_name_ : string(text); }

  template <class T>
  void list(const std::vector<T>& values) {
    put(parts_.sections[2], uint32_t(parts_.sections[3].size() / 4));
    put(parts_.sections[2], uint32_t(values.size()));
    for (const T value : values) put(parts_.sections[3], value);
  }

  Parts parts_;
  uint32_t tensors_ = 0, constants_ = 0, ops_ = 0, shared_name_ = 0;
  bool shares_names_ = false;
};

}  // namespace write_model
