// What the reader makes of a model file: checked once, trusted everywhere after.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "signbit/engine.hpp"

namespace sbit {

struct AlignedFree {
  void operator()(void* memory) const noexcept;
};
using AlignedBytes = std::unique_ptr<uint8_t[], AlignedFree>;

// 64-byte aligned; throws Error (limit) where the memory is not to be had. Never empty.
AlignedBytes allocate_aligned(size_t bytes, const char* purpose);

struct Graph {
  AlignedBytes file;
  size_t file_bytes = 0;
  std::vector<Tensor> tensors;
  std::vector<Constant> constants;
  std::vector<Op> ops;
  std::vector<std::string_view> strings;
  std::vector<std::string_view> labels;
  std::string_view metadata;
  uint32_t input = 0;
  uint32_t output = 0;
  Preprocessing preprocessing{};

  const Tensor& input_of(const Op& op, size_t i = 0) const { return tensors[op.inputs[i]]; }
  const Tensor& output_of(const Op& op, size_t i = 0) const { return tensors[op.outputs[i]]; }
  const Constant& constant_of(const Op& op, size_t i) const { return constants[op.constants[i]]; }
};

inline constexpr size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }
inline constexpr size_t ceil_div(size_t value, size_t divisor) { return (value + divisor - 1) / divisor; }

}  // namespace sbit
