// A list of float steps, carried out block by block so that the values in between stay in the first-level cache.
#include <algorithm>
#include <cstring>
#include <vector>

#include "check.h"
#include "op.h"
#include "pixel_tasks.h"

namespace sbit {
namespace {

constexpr int kMostSteps = 256;
constexpr size_t kMostOutputs = 16;
constexpr size_t kMostConstants = 256;
constexpr size_t kBlockElements = 512;
constexpr int kStepAttributes = 4;

int operands_of(kernels::Step step) {
  switch (step) {
    case kernels::kFusedMultiplyAdd: return 3;
    case kernels::kSigmoid:
    case kernels::kSilu: return 1;
    default: return 2;
  }
}

struct StepRecord {
  kernels::Step step;
  size_t operands[3];
};

// What a block reads as a constant: the same numbers in every block, or those of its channels.
struct ConstantValues {
  const float* values;
  bool by_channel;
};

// Some pixels of few channels, or 512 of the channels of one pixel.
struct Block {
  size_t pixel, channel;  // the first
  size_t pixels, channels;
  size_t elements() const noexcept { return pixels * channels; }
};

bool is_read_in_place(const Tensor& tensor, const Constant& constant) {
  return constant.elements > 1 && tensor.channels > kBlockElements;
}

class Pointwise : public PreparedOp {
 public:
  Pointwise(const Graph& graph, const Op& op, const kernels::Table& kernels)
      : kernels_(kernels), tensor_(graph.output_of(op)) {
    block_channels_ = std::min<size_t>(tensor_.channels, kBlockElements);
    block_pixels_ = std::max<size_t>(1, kBlockElements / tensor_.channels);
    for (const uint32_t input : op.inputs) inputs_.push_back(graph.tensors[input].type);
    for (const uint32_t output : op.outputs) outputs_.push_back(graph.tensors[output].type);
    spread_constants(graph, op);
    read_steps(op);
  }

  // A block for each input, each step.
  size_t scratch_bytes() const noexcept override {
    return (inputs_.size() + steps_.size()) * kBlockElements * sizeof(float) + values() * sizeof(const float*);
  }

  void run(const Call& call) const noexcept override {
    const size_t elements = tensor_.channels * (steps_.size() + 1);
    for_each_pixels(call.pool, call.images * tensor_.pixels(), elements, [&](size_t first, size_t last, size_t thread) {
      for (size_t pixel = first; pixel < last; pixel += block_pixels_) {
        for (size_t channel = 0; channel < tensor_.channels; channel += block_channels_) {
          run_block(call,
                    {pixel, channel, std::min(block_pixels_, last - pixel),
                     std::min<size_t>(block_channels_, tensor_.channels - channel)},
                    call.scratch_of(thread));
        }
      }
    });
  }

 private:
  size_t constants() const noexcept { return constants_.size(); }
  size_t values() const noexcept { return inputs_.size() + constants() + steps_.size(); }

  // A block reads a constant like any other value. The numbers of many channels are read in the file; one number, and
  // those of few channels, are repeated for a whole block. Never for all channels: 256 constants of one number and
  // 2^20 channels would turn a file of 2 KB into 1 GB.
  void spread_constants(const Graph& graph, const Op& op) {
    const size_t length = block_channels_ * block_pixels_;
    spread_.reserve(op.constants.size());
    constants_.reserve(op.constants.size());
    for (size_t i = 0; i < op.constants.size(); ++i) {
      const Constant& given = graph.constant_of(op, i);
      if (is_read_in_place(tensor_, given)) {
        constants_.push_back({given.as<float>(), true});
        continue;
      }
      std::vector<float> spread(length);
      for (size_t k = 0; k < length; ++k) spread[k] = given.as<float>()[given.elements == 1 ? 0 : k % tensor_.channels];
      spread_.push_back(std::move(spread));
      constants_.push_back({spread_.back().data(), false});
    }
  }

  void read_steps(const Op& op) {
    const int32_t* next = op.attributes.data();
    const int count = *next++;
    steps_.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i, next += kStepAttributes) {
      steps_.push_back({static_cast<kernels::Step>(next[0]),
                        {static_cast<size_t>(next[1]), static_cast<size_t>(next[2]), static_cast<size_t>(next[3])}});
    }
    for (size_t i = 0; i < outputs_.size(); ++i) results_.push_back(static_cast<size_t>(next[i]));
  }

  size_t first_element(const Block& block) const noexcept { return block.pixel * tensor_.channels + block.channel; }
  size_t first_word(const Block& block, size_t pixel) const noexcept {
    return (block.pixel + pixel) * tensor_.words() + block.channel / 64;
  }

  void run_block(const Call& call, const Block& block, uint8_t* scratch) const noexcept {
    auto* blocks = reinterpret_cast<float*>(scratch);
    auto* value = reinterpret_cast<const float**>(blocks + (inputs_.size() + steps_.size()) * kBlockElements);
    for (size_t i = 0; i < inputs_.size(); ++i) value[i] = input_block(call, i, block, blocks + i * kBlockElements);
    for (size_t i = 0; i < constants(); ++i) value[inputs_.size() + i] = constant_block(i, block);
    for (size_t i = 0; i < steps_.size(); ++i) {
      const size_t id = inputs_.size() + constants() + i;
      float* target = step_target(call, id, block, blocks + (inputs_.size() + i) * kBlockElements);
      const StepRecord& step = steps_[i];
      const int operands = operands_of(step.step);
      kernels_.pointwise(step.step, value[step.operands[0]], operands > 1 ? value[step.operands[1]] : nullptr,
                         operands > 2 ? value[step.operands[2]] : nullptr, block.elements(), target);
      value[id] = target;
    }
    for (size_t i = 0; i < outputs_.size(); ++i) write_output(call, i, block, value[results_[i]]);
  }

  const float* constant_block(size_t i, const Block& block) const noexcept {
    return constants_[i].values + (constants_[i].by_channel ? block.channel : 0);
  }

  // A step that is a float output is computed in place.
  float* step_target(const Call& call, size_t id, const Block& block, float* scratch) const noexcept {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (results_[i] == id && outputs_[i] == Type::float32) return call.output<float>(i) + first_element(block);
    }
    return scratch;
  }

  // The input as floats: itself, or converted into `scratch`.
  const float* input_block(const Call& call, size_t i, const Block& block, float* scratch) const noexcept {
    switch (inputs_[i]) {
      case Type::float32: return call.input<float>(i) + first_element(block);
      case Type::int32:
        kernels_.int32_to_float(call.input<int32_t>(i) + first_element(block), block.elements(), scratch);
        return scratch;
      case Type::uint8:
        kernels_.uint8_to_float(call.input<uint8_t>(i) + first_element(block), block.elements(), scratch);
        return scratch;
      default:
        for (size_t pixel = 0; pixel < block.pixels; ++pixel) {
          kernels_.unpack_signs(call.input<uint64_t>(i) + first_word(block, pixel), block.channels,
                                scratch + pixel * block.channels);
        }
        return scratch;
    }
  }

  void write_output(const Call& call, size_t i, const Block& block, const float* result) const noexcept {
    if (outputs_[i] == Type::float32) {
      float* target = call.output<float>(i) + first_element(block);
      if (target != result) std::memcpy(target, result, block.elements() * sizeof(float));
      return;
    }
    for (size_t pixel = 0; pixel < block.pixels; ++pixel) {
      kernels_.pack_signs(result + pixel * block.channels, block.channels,
                          call.output<uint64_t>(i) + first_word(block, pixel));
    }
  }

  const kernels::Table& kernels_;
  Tensor tensor_;  // the height, width and channels of all
  size_t block_pixels_, block_channels_;
  std::vector<Type> inputs_, outputs_;
  std::vector<std::vector<float>> spread_;
  std::vector<ConstantValues> constants_;
  std::vector<StepRecord> steps_;
  std::vector<size_t> results_;  // the value that each output takes
};

void check_tensor(const OpCheck& check, const Tensor& tensor, const Tensor& first) {
  if (tensor.height == first.height && tensor.width == first.width && tensor.channels == first.channels) return;
  check.fail("\"" + std::string(tensor.name) + "\" has not the height, width and channels of input 0");
}

void check_steps(const OpCheck& check, int steps, int64_t given) {
  for (int i = 0; i < steps; ++i) {
    const std::string title = "step " + std::to_string(i);
    const size_t at = 1 + size_t(i) * kStepAttributes;
    const int code = check.attribute(at, kernels::kAdd, kernels::kSilu, (title + ": the code").c_str());
    const int operands = operands_of(static_cast<kernels::Step>(code));
    for (int k = 0; k < 3; ++k) {
      const int64_t most = k < operands ? given + i - 1 : 0;
      check.attribute(at + 1 + k, 0, most, (title + ": operand " + std::to_string(k)).c_str());
    }
  }
}

}  // namespace

void validate_pointwise(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  check.inputs(1, kMostOutputs);
  check.outputs(1, kMostOutputs);
  check.constants(0, kMostConstants);
  const Tensor& first = graph.input_of(op);
  for (const uint32_t input : op.inputs) check_tensor(check, graph.tensors[input], first);
  for (const uint32_t output : op.outputs) {
    check_tensor(check, graph.tensors[output], first);
    const Type type = graph.tensors[output].type;
    if (type != Type::float32 && type != Type::bits) check.fail("an output is neither float32 nor bits; it must be");
  }
  for (size_t i = 0; i < op.constants.size(); ++i) {
    const bool one = graph.constant_of(op, i).elements == 1;
    check.constant(i, Type::float32, one ? 1 : first.channels, ("constant " + std::to_string(i)).c_str());
  }
  if (op.attributes.size() == 0) check.fail("no attributes; the first is the number of steps");
  const int steps = check.attribute(0, 0, kMostSteps, "the number of steps");
  check.attributes(1 + size_t(steps) * kStepAttributes + op.outputs.size());
  const auto given = static_cast<int64_t>(op.inputs.size() + op.constants.size());
  check_steps(check, steps, given);
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    check.attribute(1 + size_t(steps) * kStepAttributes + i, 0, given + steps - 1, "the value of an output");
  }
}

size_t prepared_bytes_pointwise(const Graph& graph, const Op& op) {
  const Tensor& tensor = graph.output_of(op);
  size_t bytes = (op.inputs.size() + op.outputs.size()) * (sizeof(Type) + sizeof(size_t));
  bytes += static_cast<size_t>(op.attributes[0]) * sizeof(StepRecord);
  for (const uint32_t constant : op.constants) {
    bytes += sizeof(std::vector<float>) + sizeof(ConstantValues);
    if (!is_read_in_place(tensor, graph.constants[constant])) bytes += kBlockElements * sizeof(float);
  }
  return bytes;
}

std::unique_ptr<PreparedOp> prepare_pointwise(const Graph& graph, const Op& op, const kernels::Table& kernels) {
  return std::make_unique<Pointwise>(graph, op, kernels);
}

}  // namespace sbit
