#include "sections.h"

#include "crc32.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian and read in place: a big-endian processor needs a reader that swaps"
#endif

namespace sbit {
namespace {

constexpr uint8_t kMagic[8] = {0x89, 'S', 'B', 'I', 'T', '\r', '\n', 0x1A};
constexpr uint32_t kVersion = 1;
constexpr size_t kMostRecords = 65536;
constexpr size_t kMostIndices = size_t{1} << 20;

constexpr const char* kSectionNames[kSections] = {"tensors", "constants", "ops",      "indices",
                                                  "strings", "text",      "metadata", "data"};
constexpr size_t kRecordBytes[kSections] = {24, 32, 48, 4, 8, 0, 0, 0};
constexpr size_t kMostOf[kSections] = {kMostRecords, kMostRecords, kMostRecords, kMostIndices, kMostRecords, 0, 0, 0};
constexpr size_t kFirstSection = sizeof(Header) + kSections * sizeof(SectionRecord);

std::string number(uint64_t value) { return std::to_string(value); }

}  // namespace

void fail_file(ErrorKind kind, const std::string& message) { throw Error(kind, "model file: " + message); }

void check_file_bytes(size_t bytes) {
  if (bytes > kMostFileBytes) fail_file(ErrorKind::limit, number(bytes) + " bytes; at most 2^31 are allowed");
}

bool all_zero(const uint8_t* bytes, size_t size) noexcept {
  uint8_t seen = 0;
  for (size_t i = 0; i < size; ++i) seen |= bytes[i];
  return seen == 0;
}

Sections::Sections(const uint8_t* file, size_t bytes) : file_(file), bytes_(bytes) {
  read_header();
  read_table();
}

void Sections::read_header() {
  if (bytes_ < sizeof(kMagic) || std::memcmp(file_, kMagic, sizeof(kMagic)) != 0) {
    fail_file(ErrorKind::not_a_model,
              "it does not begin with the mark of a .sbit file; write one with signbit convert");
  }
  if (bytes_ < kFirstSection) {
    fail_file(ErrorKind::truncated, number(bytes_) + " bytes; header and section table take " + number(kFirstSection));
  }
  std::memcpy(&header_, file_, sizeof(header_));
  if (header_.version != kVersion) {
    fail_file(ErrorKind::version, "version " + number(header_.version) +
                                      "; this engine reads version 1: update signbit, "
                                      "or write the file again");
  }
  if (header_.file_bytes != bytes_) {
    fail_file(ErrorKind::truncated, number(bytes_) + " bytes, and it says " + number(header_.file_bytes) +
                                        ": it was cut or joined; copy it again");
  }
  const uint32_t table = crc32(file_ + sizeof(Header), kFirstSection - sizeof(Header), crc32(file_, 60));
  if (header_.checksum != table) fail_file(ErrorKind::checksum, "the header is damaged; copy or write the file again");
  if (header_.sections != kSections) {
    fail_file(ErrorKind::record, number(header_.sections) + " sections; there must be 8");
  }
  if (!all_zero(header_.reserved, sizeof(header_.reserved))) {
    fail_file(ErrorKind::record, "reserved header bytes are not zero");
  }
}

void Sections::read_table() {
  size_t end = kFirstSection;
  for (size_t i = 0; i < kSections; ++i) {
    std::memcpy(&table_[i], file_ + sizeof(Header) + i * sizeof(SectionRecord), sizeof(SectionRecord));
    check_section(i, end);
    end = table_[i].offset + table_[i].bytes;
  }
  check_zeros(end, bytes_, "after the last section");
  if (round_up(end, 64) != bytes_) {
    fail_file(ErrorKind::layout, number(bytes_) + " bytes; the sections end at " + number(end) +
                                     " and the file must end at the next multiple of 64");
  }
}

void Sections::check_section(size_t i, size_t end) const {
  const SectionRecord& section = table_[i];
  const std::string title = std::string("section ") + kSectionNames[i] + ": ";
  if (section.kind != i + 1) {
    fail_file(ErrorKind::record, title + "kind " + number(section.kind) + "; must be " + number(i + 1));
  }
  const size_t start = round_up(end, 64);
  if (section.offset != start) {
    fail_file(ErrorKind::layout, title + "offset " + number(section.offset) + "; it must be " + number(start));
  }
  if (start > bytes_ || section.bytes > bytes_ - start) {
    fail_file(ErrorKind::layout, title + number(section.bytes) + " bytes; they reach past the end of the file");
  }
  if (section.records > kMostOf[i]) {
    fail_file(ErrorKind::limit, title + number(section.records) + " records; at most " + number(kMostOf[i]));
  }
  if (kRecordBytes[i] && section.bytes != section.records * kRecordBytes[i]) {
    fail_file(ErrorKind::layout, title + number(section.bytes) + " bytes for " + number(section.records) +
                                     " records of " + number(kRecordBytes[i]));
  }
  check_zeros(end, start, title.c_str());
  if (crc32(file_ + start, section.bytes) != section.checksum) {
    fail_file(ErrorKind::checksum, title + "damaged; copy or write the file again");
  }
}

void Sections::check_zeros(size_t from, size_t to, const char* where) const {
  if (from < to && !all_zero(file_ + from, to - from)) {
    fail_file(ErrorKind::layout, std::string(where) + ": the bytes between two sections are not zero");
  }
}

}  // namespace sbit
