// Sigmoid and SiLU: accuracy against double, and the same bits from every instruction set.
#include <cfloat>
#include <cstring>
#include <vector>

#include "check.h"
#include "kernels/list.h"
#include "sigmoid.h"

namespace {

using sbit::kernels::Step;

constexpr double kUnit = 16777216.0;  // 2^24
constexpr double kBound = 4.0;
constexpr uint32_t kStride = 1511;  // a prime: about 2.8 million of all floats

float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

bool same(float a, float b) { return (a != a && b != b) || std::memcmp(&a, &b, 4) == 0; }

std::vector<float> inputs() {
  std::vector<float> values;
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += kStride) values.push_back(from_bits(static_cast<uint32_t>(bits)));
  for (int i = 0; i < 200000; ++i) values.push_back(-110.0f + static_cast<float>(i) * 1.1e-3f);
  for (const float special : {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, -1e-45f, -104.0f, -87.33655f, FLT_MAX}) {
    values.push_back(special);
  }
  return values;
}

double error_of(float given, double exact) {
  return std::fabs(exact) < FLT_MIN || !std::isfinite(exact) ? 0 : std::fabs(given - exact) / std::fabs(exact) * kUnit;
}

void accuracy(const std::vector<float>& values) {
  double worst_sigmoid = 0, worst_silu = 0;
  for (const float x : values) {
    if (!std::isfinite(x)) continue;
    const double e = std::exp(-std::fabs(double{x}));
    const double exact = (x >= 0 ? 1.0 : e) / (1.0 + e);
    worst_sigmoid = std::fmax(worst_sigmoid, error_of(sbit::sigmoid(x), exact));
    worst_silu = std::fmax(worst_silu, error_of(sbit::silu(x), x * exact));
  }
  std::printf("worst relative error in units of 2^-24: sigmoid %.2f, silu %.2f\n", worst_sigmoid, worst_silu);
  check::that(worst_sigmoid < kBound, "sigmoid's error");
  check::that(worst_silu < kBound, "silu's error");
}

void ends() {
  check::that(sbit::sigmoid(0.0f) == 0.5f && sbit::sigmoid(-0.0f) == 0.5f, "sigmoid(0)");
  check::that(sbit::sigmoid(INFINITY) == 1.0f && sbit::sigmoid(-INFINITY) == 0.0f, "sigmoid at infinity");
  check::that(std::isnan(sbit::sigmoid(NAN)) && std::isnan(sbit::silu(NAN)), "NaN stays");
  check::that(sbit::silu(INFINITY) == INFINITY && std::isnan(sbit::silu(-INFINITY)),
              "silu at infinity is x * sigmoid(x)");
  check::that(sbit::silu(0.0f) == 0.0f && std::signbit(sbit::silu(-0.0f)), "silu(0)");
}

void equality(const std::vector<float>& values) {
  for (const sbit::kernels::Table* table : sbit::kernels::all()) {
    if (!table->supported()) continue;
    const long before = check::checks;
    std::vector<float> sigmoids(values.size()), silus(values.size());
    table->pointwise(Step::kSigmoid, values.data(), nullptr, nullptr, values.size(), sigmoids.data());
    table->pointwise(Step::kSilu, values.data(), nullptr, nullptr, values.size(), silus.data());
    for (size_t i = 0; i < values.size(); ++i) {
      check::that(same(sigmoids[i], sbit::sigmoid(values[i])) && same(silus[i], sbit::silu(values[i])),
                  std::string(table->isa) + " at " + std::to_string(values[i]));
    }
    std::printf("isa %s: %ld checks\n", table->isa, check::checks - before);
  }
}

}  // namespace

int main() {
  const std::vector<float> values = inputs();
  accuracy(values);
  ends();
  equality(values);
  return check::report("sigmoid");
}
