// The outer layout of a model file: header, section table, the sections' places and checksums.
#pragma once

#include <cstring>
#include <string>

#include "graph.h"

namespace sbit {

struct Header {
  uint8_t magic[8];
  uint32_t version, sections;
  uint64_t file_bytes;
  uint32_t input, output, first_label, labels;
  uint32_t resize, filter;
  uint8_t reserved[12];
  uint32_t checksum;
};
struct SectionRecord {
  uint32_t kind, checksum;
  uint64_t offset, bytes, records;
};
static_assert(sizeof(Header) == 64 && sizeof(SectionRecord) == 32);

enum SectionIndex { kTensors, kConstants, kOps, kIndices, kStrings, kText, kMetadata, kData };
constexpr size_t kSections = 8;
constexpr size_t kMostFileBytes = size_t{1} << 31;

// Throws Error with this message, after "model file: ".
[[noreturn]] void fail_file(ErrorKind kind, const std::string& message);

// Throws where a file is too large to be read; asked before there is memory for it.
void check_file_bytes(size_t bytes);

bool all_zero(const uint8_t* bytes, size_t size) noexcept;

// Checked when made: every section lies within the file, has whole records, not too many, and its checksum.
class Sections {
 public:
  Sections(const uint8_t* file, size_t bytes);

  const Header& header() const noexcept { return header_; }
  const uint8_t* data(SectionIndex section) const noexcept { return file_ + table_[section].offset; }
  size_t bytes(SectionIndex section) const noexcept { return table_[section].bytes; }
  size_t records(SectionIndex section) const noexcept { return table_[section].records; }

  template <class Record>
  Record record(SectionIndex section, size_t i) const noexcept {
    Record value;
    std::memcpy(&value, data(section) + i * sizeof(Record), sizeof(Record));
    return value;
  }

 private:
  void read_header();
  void read_table();
  void check_section(size_t i, size_t end) const;
  void check_zeros(size_t from, size_t to, const char* where) const;

  const uint8_t* file_;
  size_t bytes_;
  Header header_;
  SectionRecord table_[kSections];
};

}  // namespace sbit
