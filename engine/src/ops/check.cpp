#include "check.h"

namespace sbit {
namespace {

std::string range(size_t least, size_t most) {
  return least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
}

std::string shape(size_t height, size_t width, size_t channels) {
  return std::to_string(height) + " x " + std::to_string(width) + " x " + std::to_string(channels);
}

}  // namespace

void OpCheck::fail(const std::string& message) const {
  throw Error(ErrorKind::op, "op " + std::to_string(&op_ - graph_.ops.data()) + " \"" + std::string(op_.name) + "\" (" +
                                 name(op_.kind) + "): " + message);
}

void OpCheck::count(const char* what, size_t given, size_t least, size_t most) const {
  if (given < least || given > most) fail(std::to_string(given) + " " + what + "; it takes " + range(least, most));
}

void OpCheck::inputs(size_t least, size_t most) const { count("inputs", op_.inputs.size(), least, most); }
void OpCheck::outputs(size_t least, size_t most) const { count("outputs", op_.outputs.size(), least, most); }
void OpCheck::constants(size_t least, size_t most) const { count("constants", op_.constants.size(), least, most); }
void OpCheck::attributes(size_t given) const { count("attributes", op_.attributes.size(), given, given); }

void OpCheck::input_type(size_t i, Type type) const {
  const Tensor& tensor = graph_.input_of(op_, i);
  if (tensor.type != type) {
    fail("input " + std::to_string(i) + " \"" + std::string(tensor.name) + "\" is " + name(tensor.type) +
         "; it must be " + name(type));
  }
}

void OpCheck::output_type(size_t i, Type type) const {
  const Tensor& tensor = graph_.output_of(op_, i);
  if (tensor.type != type) {
    fail("output " + std::to_string(i) + " \"" + std::string(tensor.name) + "\" is " + name(tensor.type) +
         "; it must be " + name(type));
  }
}

void OpCheck::output_shape(size_t height, size_t width, size_t channels) const {
  const Tensor& tensor = graph_.output_of(op_);
  if (tensor.height != height || tensor.width != width || tensor.channels != channels) {
    fail("the output is " + shape(tensor.height, tensor.width, tensor.channels) + "; it must be " +
         shape(height, width, channels));
  }
}

void OpCheck::constant(size_t i, Type type, size_t elements, const char* what) const {
  const Constant& given = graph_.constant_of(op_, i);
  if (given.type != type || given.elements != elements) {
    fail(std::string(what) + ": " + std::to_string(given.elements) + " elements of " + name(given.type) +
         "; there must be " + std::to_string(elements) + " of " + name(type));
  }
}

void OpCheck::unused_bits(size_t i, size_t rows, size_t channels, const char* what) const {
  if (channels % 64 == 0) return;
  const size_t words = ceil_div(channels, 64);
  const uint64_t unused = ~uint64_t{0} << (channels % 64);
  const uint64_t* given = graph_.constant_of(op_, i).as<uint64_t>();
  for (size_t row = 0; row < rows; ++row) {
    if (given[row * words + words - 1] & unused) {
      fail(std::string(what) + ": a bit past channel " + std::to_string(channels) + " is set; they must be zero");
    }
  }
}

int OpCheck::attribute(size_t i, int64_t least, int64_t most, const char* what) const {
  const int given = op_.attributes[i];
  if (given < least || given > most) {
    fail(std::string(what) + " is " + std::to_string(given) + "; allowed are " + std::to_string(least) + " to " +
         std::to_string(most));
  }
  return given;
}

}  // namespace sbit
