// The checks that the ops' records have in common. Each throws Error (op), naming the op.
#pragma once

#include <string>

#include "../graph.h"

namespace sbit {

class OpCheck {
 public:
  OpCheck(const Graph& graph, const Op& op) : graph_(graph), op_(op) {}

  [[noreturn]] void fail(const std::string& message) const;

  void inputs(size_t least, size_t most) const;
  void outputs(size_t least, size_t most) const;
  void constants(size_t least, size_t most) const;
  void attributes(size_t count) const;

  void input_type(size_t i, Type type) const;
  void output_type(size_t i, Type type) const;
  // The output's height, width and channels.
  void output_shape(size_t height, size_t width, size_t channels) const;
  void constant(size_t i, Type type, size_t elements, const char* what) const;
  // The bits past the last channel of each row are zero.
  void unused_bits(size_t i, size_t rows, size_t channels, const char* what) const;
  // attribute i, which must lie in [least, most]
  int attribute(size_t i, int64_t least, int64_t most, const char* what) const;

 private:
  void count(const char* what, size_t given, size_t least, size_t most) const;

  const Graph& graph_;
  const Op& op_;
};

}  // namespace sbit
