#include "model_file.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "limits.h"
#include "ops/op.h"
#include "sections.h"
#include "utf8.h"

namespace sbit {
namespace {

constexpr size_t kMostTensorBytes = size_t{1} << 32;
constexpr size_t kMostConstantBytes = size_t{1} << 31;
constexpr size_t kMostStringBytes = 65535;

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
static_assert(sizeof(TensorRecord) == 24);
static_assert(sizeof(ConstantRecord) == 32 && sizeof(OpRecord) == 48 && sizeof(StringRecord) == 8);

std::string number(uint64_t value) { return std::to_string(value); }

// One pass over the file; each step may use what the steps before it have checked.
class Reader {
 public:
  Reader(AlignedBytes file, size_t bytes)
      : graph_(std::make_shared<Graph>()), sections_(file.get(), bytes), header_(sections_.header()) {
    graph_->file = std::move(file);
    graph_->file_bytes = bytes;
  }

  std::shared_ptr<const Graph> read() {
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
  std::string_view string(uint32_t i, const char* what) const {
    if (i >= graph_->strings.size()) {
      fail_file(ErrorKind::record,
                std::string(what) + " has string " + number(i) + " of " + number(graph_->strings.size()));
    }
    return graph_->strings[i];
  }

  void read_strings() {
    size_t end = 0;
    const char* text = reinterpret_cast<const char*>(sections_.data(kText));
    const size_t text_bytes = sections_.bytes(kText);
    graph_->strings.reserve(sections_.records(kStrings));
    for (size_t i = 0; i < sections_.records(kStrings); ++i) {
      const auto given = sections_.record<StringRecord>(kStrings, i);
      if (given.offset != end || given.bytes > text_bytes - end) {
        fail_file(ErrorKind::layout,
                  "string " + number(i) + " does not begin where the one before ends, or passes the text");
      }
      graph_->strings.emplace_back(text + end, given.bytes);
      check_string(graph_->strings.back(), i);
      end += given.bytes;
    }
    if (end != text_bytes) fail_file(ErrorKind::layout, "the text has bytes that belong to no string");
    graph_->metadata = {reinterpret_cast<const char*>(sections_.data(kMetadata)), sections_.bytes(kMetadata)};
    if (!is_utf8(graph_->metadata)) fail_file(ErrorKind::record, "the metadata is not UTF-8");
  }

  // Names and labels are printed, and a control character in them would command the terminal.
  static void check_string(std::string_view text, size_t i) {
    if (text.size() > kMostStringBytes) fail_file(ErrorKind::limit, "string " + number(i) + " passes 65,535 bytes");
    if (!is_utf8(text)) fail_file(ErrorKind::record, "string " + number(i) + " is not UTF-8");
    if (has_control_character(text)) {
      fail_file(ErrorKind::record, "string " + number(i) + " has a control character; names are text to be shown");
    }
  }

  void read_tensors() {
    size_t total = 0;
    graph_->tensors.reserve(sections_.records(kTensors));
    for (size_t i = 0; i < sections_.records(kTensors); ++i) {
      const auto given = sections_.record<TensorRecord>(kTensors, i);
      const std::string title = "tensor " + number(i);
      const bool known = given.type >= 1 && given.type <= 5 && given.type != uint32_t(Type::int8);
      if (!known || given.zero) {
        fail_file(ErrorKind::record,
                  title + ": type " + number(given.type) + "; allowed are 1 (uint8), 3, 4 and 5, then a zero");
      }
      if (!given.height || !given.width || !given.channels) fail_file(ErrorKind::record, title + " is empty");
      if (given.height > kMostImageSide || given.width > kMostImageSide || given.channels > kMostChannels) {
        fail_file(ErrorKind::limit, title + ": height and width go up to 65,535, channels to 1,048,576");
      }
      const Tensor tensor{Type(given.type), given.height, given.width, given.channels,
                          string(given.name, title.c_str())};
      if (tensor.elements() > kMostElements) fail_file(ErrorKind::limit, title + " has more than 2^28 elements");
      total += tensor.bytes();
      if (total > kMostTensorBytes) fail_file(ErrorKind::limit, "the tensors of an image take more than 2^32 bytes");
      graph_->tensors.push_back(tensor);
    }
  }

  void read_constants() {
    size_t end = 0;
    graph_->constants.reserve(sections_.records(kConstants));
    for (size_t i = 0; i < sections_.records(kConstants); ++i) {
      const auto given = sections_.record<ConstantRecord>(kConstants, i);
      check_constant(given, i, end);
      graph_->constants.push_back(
          {Type(given.type), given.elements, given.bytes, sections_.data(kData) + given.offset});
      end = given.offset + given.bytes;
    }
    if (end != sections_.bytes(kData)) {
      fail_file(ErrorKind::layout, "the data section does not end with the last constant");
    }
  }

  void check_constant(const ConstantRecord& given, size_t i, size_t end) const {
    const std::string title = "constant " + number(i);
    if (given.type < uint32_t(Type::int8) || given.type > uint32_t(Type::bits) || given.zero) {
      fail_file(ErrorKind::record, title + ": type " + number(given.type) + "; allowed are 2 to 5, then a zero");
    }
    constexpr size_t kElementBytes[] = {0, 1, 1, 4, 4, 8};
    const size_t data_bytes = sections_.bytes(kData);
    if (given.elements == 0 || given.elements > data_bytes ||
        given.bytes != given.elements * kElementBytes[given.type]) {
      fail_file(ErrorKind::layout,
                title + ": " + number(given.bytes) + " bytes for " + number(given.elements) + " elements");
    }
    const size_t start = round_up(end, 64);
    if (given.offset != start || start > data_bytes || given.bytes > data_bytes - start) {
      fail_file(ErrorKind::layout, title + ": offset " + number(given.offset) + "; it must be " + number(start) +
                                       ", and its bytes within the data section");
    }
    if (!all_zero(sections_.data(kData) + end, start - end)) {
      fail_file(ErrorKind::layout, title + ": the bytes before it are not zero");
    }
  }

  void read_ops() {
    graph_->ops.reserve(sections_.records(kOps));
    for (size_t i = 0; i < sections_.records(kOps); ++i) {
      const auto given = sections_.record<OpRecord>(kOps, i);
      const std::string title = "op " + number(i);
      Op op;
      op.kind = OpKind(given.kind);
      if (!find_op(op.kind) || given.zeros[0] || given.zeros[1]) {
        fail_file(ErrorKind::record,
                  title + ": kind " + number(given.kind) + "; allowed are 1 to 10, and zeros at the end");
      }
      op.name = string(given.name, title.c_str());
      op.inputs = list<uint32_t>(given.inputs, graph_->tensors.size(), title + ": an input");
      op.outputs = list<uint32_t>(given.outputs, graph_->tensors.size(), title + ": an output");
      op.constants = list<uint32_t>(given.constants, graph_->constants.size(), title + ": a constant");
      op.attributes = list<int32_t>(given.attributes, 0, title + ": an attribute");
      graph_->ops.push_back(op);
      count_constants(op);
    }
    if (used_indices_ != sections_.records(kIndices)) {
      fail_file(ErrorKind::layout, "the indices do not end with the last op's");
    }
  }

  // An op checks and packs its constants, also those that it shares with others: without this limit 65,536 ops with one
  // constant would make a small file a large one.
  void count_constants(const Op& op) {
    for (const uint32_t constant : op.constants) constant_bytes_ += graph_->constants[constant].bytes;
    if (constant_bytes_ > kMostConstantBytes) {
      fail_file(ErrorKind::limit, "the constants of the ops, each counted for every op that has it, pass 2^31 bytes");
    }
  }

  // The lists follow one another, so that each index belongs to exactly one op.
  template <class T>
  View<T> list(const ListRecord& given, size_t allowed, const std::string& title) {
    if (given.first != used_indices_ || given.count > sections_.records(kIndices) - used_indices_) {
      fail_file(ErrorKind::layout,
                title + ": the list does not begin where the one before ends, or passes the section");
    }
    // The section is 64-byte aligned and of 4-byte records.
    const View<T> view(reinterpret_cast<const T*>(sections_.data(kIndices)) + given.first, given.count);
    used_indices_ += given.count;
    if constexpr (std::is_unsigned_v<T>) {
      for (const T index : view) {
        if (index >= allowed) {
          fail_file(ErrorKind::record, title + " is " + number(index) + "; there are " + number(allowed));
        }
      }
    }
    return view;
  }

  void check_graph() {
    const size_t tensors = graph_->tensors.size();
    if (header_.input >= tensors || header_.output >= tensors) {
      fail_file(ErrorKind::record, "input " + number(header_.input) + " and output " + number(header_.output) + " of " +
                                       number(tensors) + " tensors");
    }
    if (header_.input == header_.output) fail_file(ErrorKind::graph, "the input and the output are the same tensor");
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
    fail_file(ErrorKind::graph, "tensor " + number(i) + " \"" + std::string(graph_->tensors[i].name) + "\" " + what);
  }

  void read_ends() {
    graph_->input = header_.input;
    graph_->output = header_.output;
    const Tensor& input = graph_->tensors[header_.input];
    const Tensor& output = graph_->tensors[header_.output];
    if (input.type != Type::uint8 && input.type != Type::float32) {
      fail_file(ErrorKind::record, std::string("the input is ") + name(input.type) + "; it must be uint8 or float32");
    }
    if (output.type != Type::int32 && output.type != Type::float32) {
      fail_file(ErrorKind::record, std::string("the output is ") + name(output.type) + "; it must be float32 or int32");
    }
    read_preprocessing(input);
    read_labels(output);
  }

  void read_preprocessing(const Tensor& input) {
    const uint32_t resize = header_.resize, filter = header_.filter;
    graph_->preprocessing = {resize, static_cast<Filter>(filter)};
    if (filter == 0 && resize == 0) return;
    if (input.type != Type::uint8 || (input.channels != 1 && input.channels != 3)) {
      fail_file(ErrorKind::record, "it says how a photo is read, but the input is no uint8 image of 1 or 3 channels");
    }
    // What is cut out is at least a sixteenth: a tiny file may not ask for a photo of 65,535 pixels a side.
    const uint32_t least = std::max(input.height, input.width), most = 4 * least;
    if (filter < 1 || filter > 2 || (resize && (resize < least || resize > most))) {
      fail_file(ErrorKind::record, "photos are resized to " + number(resize) + " with filter " + number(filter) +
                                       "; allowed are 0, or " + number(least) + " to " + number(most) +
                                       " pixels, and filters 1 and 2");
    }
  }

  void read_labels(const Tensor& output) {
    const size_t strings = graph_->strings.size();
    if (header_.labels == 0 && header_.first_label != 0) fail_file(ErrorKind::record, "a first label, and no labels");
    if (header_.labels == 0) return;
    if (header_.labels != output.channels || header_.first_label > strings ||
        header_.labels > strings - header_.first_label) {
      fail_file(ErrorKind::record, number(header_.labels) + " labels from string " + number(header_.first_label) +
                                       "; there are " + number(output.channels) + " output channels and " +
                                       number(strings) + " strings");
    }
    const auto first = graph_->strings.begin() + header_.first_label;
    graph_->labels.assign(first, first + header_.labels);
  }

  std::shared_ptr<Graph> graph_;
  Sections sections_;
  const Header& header_;
  size_t used_indices_ = 0;
  size_t constant_bytes_ = 0;
};

}  // namespace

std::shared_ptr<const Graph> read_model_file(AlignedBytes file, size_t bytes) {
  return Reader(std::move(file), bytes).read();
}

}  // namespace sbit
