// The whole network: the same bytes from every instruction set, batch size and number of threads, and from each op
// alone; options that are refused.
#include <cstdlib>
#include <vector>

#include "check.h"
#include "counted_memory.h"
#include "signbit/engine.hpp"
#include "small_network.h"

namespace {

using write_model::Bytes;

constexpr size_t kImages = 7;

Bytes pixels(const sbit::Model& model, uint32_t seed) {
  check::Random random(seed);
  Bytes input(model.tensors()[model.input()].bytes() * kImages);
  for (uint8_t& pixel : input) pixel = static_cast<uint8_t>(random.word());
  return input;
}

Bytes run(const sbit::Model& model, const Bytes& input, const sbit::SessionOptions& options) {
  sbit::Session session(model, options);
  Bytes output(model.tensors()[model.output()].bytes() * kImages);
  session.run(input.data(), kImages, output.data());
  return output;
}

// Every tensor by trace(), then every op alone on what trace() gave.
void check_ops(const sbit::Model& model, const Bytes& input, const Bytes& expected,
               const sbit::SessionOptions& options) {
  sbit::Session session(model, options);
  std::vector<Bytes> tensors;
  std::vector<void*> places;
  for (const sbit::Tensor& tensor : model.tensors()) tensors.emplace_back(tensor.bytes() * kImages, 0xA5);
  for (Bytes& tensor : tensors) places.push_back(tensor.data());
  tensors[model.input()] = input;
  places[model.input()] = tensors[model.input()].data();
  session.trace(kImages, places.data());
  check::that(tensors[model.output()] == expected, "trace gives what run gives");
  for (size_t i = 0; i < model.ops().size(); ++i) {
    const sbit::Op& op = model.ops()[i];
    std::vector<const void*> inputs;
    std::vector<Bytes> outputs;
    std::vector<void*> out_places;
    for (const uint32_t tensor : op.inputs) inputs.push_back(tensors[tensor].data());
    for (const uint32_t tensor : op.outputs) outputs.emplace_back(tensors[tensor].size(), 0x5A);
    for (Bytes& output : outputs) out_places.push_back(output.data());
    session.run_op(i, inputs.data(), kImages, out_places.data());
    for (size_t k = 0; k < outputs.size(); ++k) {
      check::that(outputs[k] == tensors[op.outputs[k]], std::string("op alone: ") + sbit::name(op.kind));
    }
  }
}

void check_network(uint32_t seed) {
  const Bytes file = write_model::small_network(seed);
  const sbit::Model model = sbit::Model::from_bytes(file.data(), file.size());
  const Bytes input = pixels(model, seed);
  const Bytes expected = run(model, input, {1, "scalar", 1});
  for (const std::string& isa : sbit::supported_isas()) {
    const long before = check::checks;
    for (const int threads : {1, 2, 5}) {
      for (const size_t batch : {1, 2, 3, 7, 50}) {
        check::that(run(model, input, {threads, isa, batch}) == expected,
                    isa + ", threads " + std::to_string(threads) + ", batch " + std::to_string(batch));
      }
      check_ops(model, input, expected, {threads, isa, 1});
    }
    if (seed == check::kSeed) std::printf("isa %s: %ld checks\n", isa.c_str(), check::checks - before);
  }
}

void run_allocates_nothing() {
  const Bytes file = write_model::small_network();
  const sbit::Model model = sbit::Model::from_bytes(file.data(), file.size());
  const Bytes input = pixels(model, 1);
  Bytes output(model.tensors()[model.output()].bytes() * kImages);
  for (const int threads : {1, 3}) {
    sbit::Session session(model, {threads, "", 2});
    const size_t before = counted_memory::allocations;
    session.run(input.data(), kImages, output.data());
    const bool none = counted_memory::allocations == before;
    check::that(none, "run allocates nothing");
  }
}

void must_refuse(const sbit::Model& model, const sbit::SessionOptions& options, sbit::ErrorKind kind) {
  try {
    sbit::Session session(model, options);
    check::that(false, "options that are not allowed");
  } catch (const sbit::Error& error) {
    check::that(error.kind() == kind, error.what());
  }
}

void check_options() {
  const Bytes file = write_model::small_network();
  const sbit::Model model = sbit::Model::from_bytes(file.data(), file.size());
  must_refuse(model, {0, "", 1}, sbit::ErrorKind::input);
  must_refuse(model, {257, "", 1}, sbit::ErrorKind::input);
  must_refuse(model, {1, "", 0}, sbit::ErrorKind::input);
  must_refuse(model, {1, "", 65537}, sbit::ErrorKind::input);
  must_refuse(model, {1, "mmx", 1}, sbit::ErrorKind::isa);
  setenv("SIGNBIT_ISA", "scalar", 1);
  check::that(std::string(sbit::Session(model).isa()) == "scalar", "SIGNBIT_ISA names the instruction set");
  setenv("SIGNBIT_ISA", "scala", 1);
  must_refuse(model, {}, sbit::ErrorKind::isa);
  unsetenv("SIGNBIT_ISA");
  check::that(sbit::Session(model).isa() == sbit::supported_isas().front(), "the best one otherwise");
  sbit::Session session(model);
  session.run(nullptr, 0, nullptr);
  check::that(session.arena_bytes() < 6 * 5 * 20 * 4 + 4096, "tensors that are never alive together share memory");
}

}  // namespace

int main() {
  for (uint32_t i = 0; i < 20; ++i) check_network(check::kSeed + i);
  check_options();
  run_allocates_nothing();
  return check::report("session");
}
