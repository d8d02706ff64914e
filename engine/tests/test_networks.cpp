// Small networks around every op, in random shapes: each loads, and every instruction set, batch size and number of
// threads gives the scalar kernels' bits.
#include "check.h"
#include "one_op_network.h"
#include "signbit/engine.hpp"

namespace {

using write_model::Bytes;

constexpr size_t kImages = 3;
constexpr int kNetworks = 60;  // of each op

// All NaN are one: which of two survives an addition is not fixed.
void join_nan(sbit::Type type, Bytes& bytes) {
  if (type != sbit::Type::float32) return;
  for (size_t at = 0; at < bytes.size(); at += 4) {
    const auto value = write_model::get_at<float>(bytes, at);
    if (std::isnan(value)) write_model::put_at(bytes, at, ~uint32_t{0});
  }
}

Bytes run(const sbit::Model& model, const Bytes& input, const std::string& isa, int threads, size_t batch) {
  sbit::SessionOptions options;
  options.isa = isa;
  options.threads = threads;
  options.batch = batch;
  const sbit::Tensor& tensor = model.tensors()[model.output()];
  Bytes output(tensor.bytes() * kImages);
  sbit::Session(model, options).run(input.data(), kImages, output.data());
  join_nan(tensor.type, output);
  return output;
}

void check_network(const Bytes& file, check::Random& random, const std::string& title) {
  const sbit::Model model = sbit::Model::from_bytes(file.data(), file.size());
  Bytes input(model.tensors()[model.input()].bytes() * kImages);
  for (uint8_t& pixel : input) pixel = static_cast<uint8_t>(random.word());
  const Bytes expected = run(model, input, "scalar", 1, 1);
  for (const std::string& isa : sbit::supported_isas()) {
    check::that(run(model, input, isa, 1, 1) == expected, title + ", " + isa);
    check::that(run(model, input, isa, 1, kImages) == expected, title + ", one batch, " + isa);
  }
  check::that(run(model, input, "", 3, 2) == expected, title + ", 3 threads");
}

}  // namespace

int main() {
  check::Random random;
  for (const sbit::OpKind kind : write_model::kAllOps) {
    for (int i = 0; i < kNetworks; ++i) {
      const std::string title = std::string(sbit::name(kind)) + " " + std::to_string(i);
      try {
        check_network(write_model::OneOpNetwork(random).around(kind), random, title);
      } catch (const sbit::Error& error) {
        check::that(false, title + ": " + error.what());
      }
    }
  }
  return check::report("networks");
}
