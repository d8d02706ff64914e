#include "model_file.h"

#include <cstring>
#include <string>

#include "crc32.h"
#include "ops/op.h"
#include "utf8.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian and read in place: a big-endian processor needs a reader that swaps"
#endif

namespace sbit {
namespace {

constexpr uint8_t kMagic[8] = {0x89, 'S', 'B', 'I', 'T', '\r', '\n', 0x1A};
constexpr uint32_t kVersion = 1;
constexpr size_t kSections = 8;
constexpr size_t kMostRecords = 65536;
constexpr size_t kMostIndices = size_t{1} << 20;
constexpr size_t kMostSide = 65535;
constexpr size_t kMostChannels = size_t{1} << 20;
constexpr size_t kMostElements = size_t{1} << 28;
constexpr size_t kMostTensorBytes = size_t{1} << 32;
constexpr size_t kMostFileBytes = size_t{1} << 31;

struct Header {
  uint8_t magic[8];
  uint32_t version, sections;
  uint64_t file_bytes;
  uint32_t input, output, first_label, labels;
  uint8_t reserved[20];
  uint32_t checksum;
};
struct SectionRecord {
  uint32_t kind, checksum;
  uint64_t offset, bytes, records;
};
struct TensorRecord {
  uint32_t type, height, width, channels, name, zero;
};
struct ConstantRecord {
  uint32_t type, zero;
  uint64_t elements, offset, bytes;
};
struct ListRecord {
  uint32_t first, count;
};
struct OpRecord {
  uint32_t kind, name;
  ListRecord inputs, outputs, constants, attributes;
  uint32_t zeros[2];
};
struct StringRecord {
  uint32_t offset, bytes;
};
static_assert(sizeof(Header) == 64 && sizeof(SectionRecord) == 32 && sizeof(TensorRecord) == 24);
static_assert(sizeof(ConstantRecord) == 32 && sizeof(OpRecord) == 48 && sizeof(StringRecord) == 8);

enum SectionIndex { kTensors, kConstants, kOps, kIndices, kStrings, kText, kMetadata, kData };
constexpr const char* kSectionNames[kSections] = {"tensors", "constants", "ops",      "indices",
                                                  "strings", "text",      "metadata", "data"};
constexpr size_t kRecordBytes[kSections] = {24, 32, 48, 4, 8, 0, 0, 0};
constexpr size_t kMostOf[kSections] = {kMostRecords, kMostRecords, kMostRecords, kMostIndices, kMostRecords, 0, 0, 0};
constexpr size_t kFirstSection = sizeof(Header) + kSections * sizeof(SectionRecord);

[[noreturn]] void fail(ErrorKind kind, const std::string& message) { throw Error(kind, "model file: " + message); }

std::string number(uint64_t value) { return std::to_string(value); }

bool all_zero(const uint8_t* bytes, size_t size) {
  uint8_t seen = 0;
  for (size_t i = 0; i < size; ++i) seen |= bytes[i];
  return seen == 0;
}

// One pass over the file; each step may use what the steps before it have checked.
class Reader {
 public:
  Reader(AlignedBytes file, size_t bytes) : graph_(std::make_shared<Graph>()), file_(file.get()), bytes_(bytes) {
    graph_->file = std::move(file);
    graph_->file_bytes = bytes;
  }

  std::shared_ptr<const Graph> read() {
    read_header();
    read_sections();
    read_strings();
    read_tensors();
    read_constants();
    read_ops();
    check_graph();
    read_ends();
    for (const Op& op : graph_->ops) find_op(op.kind)->validate(*graph_, op);
    return graph_;
  }

 private:
  template <class Record>
  Record record(SectionIndex section, size_t i) const {
    Record value;
    std::memcpy(&value, section_bytes(section) + i * sizeof(Record), sizeof(Record));
    return value;
  }
  const uint8_t* section_bytes(SectionIndex section) const { return file_ + sections_[section].offset; }
  size_t records(SectionIndex section) const { return sections_[section].records; }

  std::string_view string(uint32_t i, const char* what) const {
    if (i >= graph_->strings.size()) {
      fail(ErrorKind::record, std::string(what) + " has string " + number(i) + " of " + number(graph_->strings.size()));
    }
    return graph_->strings[i];
  }

  void read_header() {
    if (bytes_ < sizeof(kMagic) || std::memcmp(file_, kMagic, sizeof(kMagic)) != 0) {
      fail(ErrorKind::not_a_model, "it does not begin with the mark of a .sbit file; write one with signbit convert");
    }
    if (bytes_ < kFirstSection) {
      fail(ErrorKind::truncated, number(bytes_) + " bytes; header and section table take " + number(kFirstSection));
    }
    std::memcpy(&header_, file_, sizeof(header_));
    if (header_.version != kVersion) {
      fail(ErrorKind::version, "version " + number(header_.version) + "; this engine reads version 1: update signbit, "
                               "or write the file again");
    }
    if (header_.file_bytes != bytes_) {
      fail(ErrorKind::truncated, number(bytes_) + " bytes, and it says " + number(header_.file_bytes) +
                                     ": it was cut or joined; copy it again");
    }
    if (bytes_ > kMostFileBytes) fail(ErrorKind::limit, number(bytes_) + " bytes; at most 2^31 are allowed");
    const uint32_t table = crc32(file_ + sizeof(Header), kFirstSection - sizeof(Header), crc32(file_, 60));
    if (header_.checksum != table) fail(ErrorKind::checksum, "the header is damaged; copy or write the file again");
    if (header_.sections != kSections) fail(ErrorKind::record, number(header_.sections) + " sections; there must be 8");
    if (!all_zero(header_.reserved, sizeof(header_.reserved))) {
      fail(ErrorKind::record, "reserved header bytes are not zero");
    }
  }

  void read_sections() {
    size_t end = kFirstSection;
    for (size_t i = 0; i < kSections; ++i) {
      std::memcpy(&sections_[i], file_ + sizeof(Header) + i * sizeof(SectionRecord), sizeof(SectionRecord));
      check_section(i, end);
      end = sections_[i].offset + sections_[i].bytes;
    }
    check_zeros(end, bytes_, "after the last section");
    if (round_up(end, 64) != bytes_) {
      fail(ErrorKind::layout, number(bytes_) + " bytes; the sections end at " + number(end) +
                                  " and the file must end at the next multiple of 64");
    }
  }

  void check_section(size_t i, size_t end) const {
    const SectionRecord& section = sections_[i];
    const std::string title = std::string("section ") + kSectionNames[i] + ": ";
    if (section.kind != i + 1) fail(ErrorKind::record, title + "kind " + number(section.kind) + "; must be " + number(i + 1));
    const size_t start = round_up(end, 64);
    if (section.offset != start) {
      fail(ErrorKind::layout, title + "offset " + number(section.offset) + "; it must be " + number(start));
    }
    if (start > bytes_ || section.bytes > bytes_ - start) {
      fail(ErrorKind::layout, title + number(section.bytes) + " bytes; they reach past the end of the file");
    }
    if (section.records > kMostOf[i]) {
      fail(ErrorKind::limit, title + number(section.records) + " records; at most " + number(kMostOf[i]));
    }
    if (kRecordBytes[i] && section.bytes != section.records * kRecordBytes[i]) {
      fail(ErrorKind::layout, title + number(section.bytes) + " bytes for " + number(section.records) + " records of " +
                                  number(kRecordBytes[i]));
    }
    check_zeros(end, start, title.c_str());
    if (crc32(file_ + start, section.bytes) != section.checksum) {
      fail(ErrorKind::checksum, title + "damaged; copy or write the file again");
    }
  }

  void check_zeros(size_t from, size_t to, const char* where) const {
    if (from < to && !all_zero(file_ + from, to - from)) {
      fail(ErrorKind::layout, std::string(where) + ": the bytes between two sections are not zero");
    }
  }

  void read_strings() {
    size_t end = 0;
    const char* text = reinterpret_cast<const char*>(section_bytes(kText));
    const size_t text_bytes = sections_[kText].bytes;
    graph_->strings.reserve(records(kStrings));
    for (size_t i = 0; i < records(kStrings); ++i) {
      const auto given = record<StringRecord>(kStrings, i);
      if (given.offset != end || given.bytes > text_bytes - end) {
        fail(ErrorKind::layout, "string " + number(i) + " does not begin where the one before ends, or passes the text");
      }
      graph_->strings.emplace_back(text + end, given.bytes);
      if (!is_utf8(graph_->strings.back())) fail(ErrorKind::record, "string " + number(i) + " is not UTF-8");
      end += given.bytes;
    }
    if (end != text_bytes) fail(ErrorKind::layout, "the text has bytes that belong to no string");
    graph_->metadata = {reinterpret_cast<const char*>(section_bytes(kMetadata)), sections_[kMetadata].bytes};
    if (!is_utf8(graph_->metadata)) fail(ErrorKind::record, "the metadata is not UTF-8");
  }

  void read_tensors() {
    size_t total = 0;
    graph_->tensors.reserve(records(kTensors));
    for (size_t i = 0; i < records(kTensors); ++i) {
      const auto given = record<TensorRecord>(kTensors, i);
      const std::string title = "tensor " + number(i);
      const bool known = given.type >= 1 && given.type <= 5 && given.type != uint32_t(Type::int8);
      if (!known || given.zero) {
        fail(ErrorKind::record, title + ": type " + number(given.type) + "; allowed are 1 (uint8), 3, 4 and 5, then a zero");
      }
      if (!given.height || !given.width || !given.channels) fail(ErrorKind::record, title + " is empty");
      if (given.height > kMostSide || given.width > kMostSide || given.channels > kMostChannels) {
        fail(ErrorKind::limit, title + ": height and width go up to 65,535, channels to 1,048,576");
      }
      const Tensor tensor{Type(given.type), given.height, given.width, given.channels,
                          string(given.name, title.c_str())};
      if (tensor.elements() > kMostElements) fail(ErrorKind::limit, title + " has more than 2^28 elements");
      total += tensor.bytes();
      if (total > kMostTensorBytes) fail(ErrorKind::limit, "the tensors of an image take more than 2^32 bytes");
      graph_->tensors.push_back(tensor);
    }
  }

  void read_constants() {
    size_t end = 0;
    graph_->constants.reserve(records(kConstants));
    for (size_t i = 0; i < records(kConstants); ++i) {
      const auto given = record<ConstantRecord>(kConstants, i);
      check_constant(given, i, end);
      graph_->constants.push_back({Type(given.type), given.elements, given.bytes, section_bytes(kData) + given.offset});
      end = given.offset + given.bytes;
    }
    if (end != sections_[kData].bytes) fail(ErrorKind::layout, "the data section does not end with the last constant");
  }

  void check_constant(const ConstantRecord& given, size_t i, size_t end) const {
    const std::string title = "constant " + number(i);
    if (given.type < uint32_t(Type::int8) || given.type > uint32_t(Type::bits) || given.zero) {
      fail(ErrorKind::record, title + ": type " + number(given.type) + "; allowed are 2 to 5, then a zero");
    }
    constexpr size_t kElementBytes[] = {0, 1, 1, 4, 4, 8};
    const size_t data_bytes = sections_[kData].bytes;
    if (given.elements == 0 || given.elements > data_bytes || given.bytes != given.elements * kElementBytes[given.type]) {
      fail(ErrorKind::layout, title + ": " + number(given.bytes) + " bytes for " + number(given.elements) + " elements");
    }
    const size_t start = round_up(end, 64);
    if (given.offset != start || start > data_bytes || given.bytes > data_bytes - start) {
      fail(ErrorKind::layout, title + ": offset " + number(given.offset) + "; it must be " + number(start) +
                                  ", and its bytes within the data section");
    }
    if (!all_zero(section_bytes(kData) + end, start - end)) {
      fail(ErrorKind::layout, title + ": the bytes before it are not zero");
    }
  }

  void read_ops() {
    graph_->ops.reserve(records(kOps));
    for (size_t i = 0; i < records(kOps); ++i) {
      const auto given = record<OpRecord>(kOps, i);
      const std::string title = "op " + number(i);
      Op op;
      op.kind = OpKind(given.kind);
      if (!find_op(op.kind) || given.zeros[0] || given.zeros[1]) {
        fail(ErrorKind::record, title + ": kind " + number(given.kind) + "; allowed are 1 to 9, and zeros at the end");
      }
      op.name = string(given.name, title.c_str());
      op.inputs = list<uint32_t>(given.inputs, graph_->tensors.size(), title + ": an input");
      op.outputs = list<uint32_t>(given.outputs, graph_->tensors.size(), title + ": an output");
      op.constants = list<uint32_t>(given.constants, graph_->constants.size(), title + ": a constant");
      op.attributes = list<int32_t>(given.attributes, 0, title + ": an attribute");
      graph_->ops.push_back(op);
    }
    if (used_indices_ != records(kIndices)) fail(ErrorKind::layout, "the indices do not end with the last op's");
  }

  // The lists follow one another, so that each index belongs to exactly one op.
  template <class T>
  View<T> list(const ListRecord& given, size_t allowed, const std::string& title) {
    if (given.first != used_indices_ || given.count > records(kIndices) - used_indices_) {
      fail(ErrorKind::layout, title + ": the list does not begin where the one before ends, or passes the section");
    }
    // The section is 64-byte aligned and of 4-byte records.
    const View<T> view(reinterpret_cast<const T*>(section_bytes(kIndices)) + given.first, given.count);
    used_indices_ += given.count;
    if constexpr (std::is_unsigned_v<T>) {
      for (const T index : view) {
        if (index >= allowed) fail(ErrorKind::record, title + " is " + number(index) + "; there are " + number(allowed));
      }
    }
    return view;
  }

  void check_graph() {
    const size_t tensors = graph_->tensors.size();
    if (header_.input >= tensors || header_.output >= tensors) {
      fail(ErrorKind::record, "input " + number(header_.input) + " and output " + number(header_.output) + " of " +
                                  number(tensors) + " tensors");
    }
    if (header_.input == header_.output) fail(ErrorKind::graph, "the input and the output are the same tensor");
    std::vector<bool> written(tensors, false);
    written[header_.input] = true;
    for (size_t i = 0; i < graph_->ops.size(); ++i) {
      const Op& op = graph_->ops[i];
      for (const uint32_t tensor : op.inputs) {
        if (!written[tensor]) fail_tensor(tensor, "is read by op " + number(i) + " before it is written");
      }
      for (const uint32_t tensor : op.outputs) {
        if (written[tensor]) fail_tensor(tensor, "is written by op " + number(i) + ", and it is not the first");
        written[tensor] = true;
      }
    }
    for (size_t i = 0; i < tensors; ++i) {
      if (!written[i]) fail_tensor(i, "is written by no op");
    }
  }

  [[noreturn]] void fail_tensor(size_t i, const std::string& what) const {
    fail(ErrorKind::graph, "tensor " + number(i) + " \"" + std::string(graph_->tensors[i].name) + "\" " + what);
  }

  void read_ends() {
    graph_->input = header_.input;
    graph_->output = header_.output;
    const Tensor& input = graph_->tensors[header_.input];
    const Tensor& output = graph_->tensors[header_.output];
    if (input.type != Type::uint8 && input.type != Type::float32) {
      fail(ErrorKind::record, std::string("the input is ") + name(input.type) + "; it must be uint8 or float32");
    }
    if (output.type != Type::int32 && output.type != Type::float32) {
      fail(ErrorKind::record, std::string("the output is ") + name(output.type) + "; it must be float32 or int32");
    }
    const size_t strings = graph_->strings.size();
    if (header_.labels == 0 && header_.first_label != 0) fail(ErrorKind::record, "a first label, and no labels");
    if (header_.labels == 0) return;
    if (header_.labels != output.channels || header_.first_label > strings ||
        header_.labels > strings - header_.first_label) {
      fail(ErrorKind::record, number(header_.labels) + " labels from string " + number(header_.first_label) + "; there are " +
                                  number(output.channels) + " output channels and " + number(strings) + " strings");
    }
    const auto first = graph_->strings.begin() + header_.first_label;
    graph_->labels.assign(first, first + header_.labels);
  }

  std::shared_ptr<Graph> graph_;
  const uint8_t* file_;
  size_t bytes_;
  Header header_;
  SectionRecord sections_[kSections];
  size_t used_indices_ = 0;
};

}  // namespace

std::shared_ptr<const Graph> read_model_file(AlignedBytes file, size_t bytes) {
  return Reader(std::move(file), bytes).read();
}

}  // namespace sbit
