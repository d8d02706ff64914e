// Every kernel of every instruction set of this processor against a naive loop, at awkward sizes, from addresses that
// are aligned to nothing, with guards around what is written.
#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

#include "check.h"
#include "kernels/list.h"
#if defined(__x86_64__)
#include "kernels/x86/processor.h"
#endif

namespace {

using namespace sbit::kernels;

constexpr size_t kSizes[] = {1, 2, 31, 63, 64, 65, 127, 129, 511, 513};
constexpr uint8_t kGuard = 0xC3;

const Table& scalar() { return choose("scalar"); }

// Elements one after an odd address, with guard bytes on both sides.
template <class T>
class Guarded {
 public:
  explicit Guarded(size_t count) : count_(count), bytes_((count + 2 * kMargin) * sizeof(T) + 64, kGuard) {}
  T* data() { return reinterpret_cast<T*>(bytes_.data() + offset()); }
  bool guards_hold() const {
    const auto is_guard = [](uint8_t byte) { return byte == kGuard; };
    return std::all_of(bytes_.begin(), bytes_.begin() + static_cast<long>(offset()), is_guard) &&
           std::all_of(bytes_.begin() + static_cast<long>(offset() + count_ * sizeof(T)), bytes_.end(), is_guard);
  }
  bool operator==(Guarded& other) { return !std::memcmp(data(), other.data(), count_ * sizeof(T)); }
  size_t size() const { return count_; }

 private:
  static constexpr size_t kMargin = 8;
  // One element past a 64-byte line: as unaligned as the type allows.
  size_t offset() const {
    const auto address = reinterpret_cast<uintptr_t>(bytes_.data());
    return (address + 63) / 64 * 64 - address + sizeof(T);
  }
  size_t count_;
  std::vector<uint8_t> bytes_;
};

template <class T>
Guarded<T> filled(size_t count, const std::function<T()>& next) {
  Guarded<T> values(count);
  for (size_t i = 0; i < count; ++i) values.data()[i] = next();
  return values;
}

std::string title(const Table& table, const char* what, size_t size) {
  return std::string(table.isa) + " " + what + " of " + std::to_string(size);
}

bool same_floats(Guarded<float>& a, Guarded<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    const float x = a.data()[i], y = b.data()[i];
    if (!(x != x && y != y) && std::memcmp(&x, &y, 4) != 0) return false;
  }
  return true;
}

void signs(const Table& table, check::Random& random, size_t count) {
  auto values = filled<float>(count, [&] { return random.awkward(); });
  Guarded<uint64_t> words((count + 63) / 64);
  table.pack_signs(values.data(), count, words.data());
  std::vector<uint64_t> expected(words.size(), 0);
  for (size_t i = 0; i < count; ++i) {
    if (!(values.data()[i] >= 0.0f)) expected[i / 64] |= uint64_t{1} << (i % 64);
  }
  check::that(std::equal(expected.begin(), expected.end(), words.data()), title(table, "pack_signs", count));
  check::that(words.guards_hold(), title(table, "pack_signs guards", count));

  Guarded<float> unpacked(count);
  table.unpack_signs(words.data(), count, unpacked.data());
  bool right = unpacked.guards_hold();
  for (size_t i = 0; i < count; ++i) right = right && unpacked.data()[i] == (values.data()[i] >= 0.0f ? 1.0f : -1.0f);
  check::that(right, title(table, "unpack_signs", count));
}

void conversions(const Table& table, check::Random& random, size_t count) {
  auto integers = filled<int32_t>(count, [&] { return static_cast<int32_t>(random.integer(-16777215, 16777215)); });
  auto pixels = filled<uint8_t>(count, [&] { return static_cast<uint8_t>(random.word()); });
  Guarded<float> from_integers(count), from_pixels(count);
  table.int32_to_float(integers.data(), count, from_integers.data());
  table.uint8_to_float(pixels.data(), count, from_pixels.data());
  bool right = from_integers.guards_hold() && from_pixels.guards_hold();
  for (size_t i = 0; i < count; ++i) {
    right = right && from_integers.data()[i] == static_cast<float>(integers.data()[i]) &&
            from_pixels.data()[i] == static_cast<float>(pixels.data()[i]);
  }
  check::that(right, title(table, "conversions", count));
}

struct IntervalArrays {
  std::vector<int32_t> low;
  std::vector<uint32_t> range;
  std::vector<uint64_t> inside;
  Intervals view() const { return {low.data(), range.data(), inside.data()}; }
};

IntervalArrays random_intervals(check::Random& random, size_t channels) {
  const size_t padded = (channels + 63) / 64 * 64;
  IntervalArrays a{std::vector<int32_t>(padded, 0), std::vector<uint32_t>(padded, UINT32_MAX),
                   std::vector<uint64_t>(padded / 64, ~uint64_t{0})};
  for (size_t i = 0; i < channels; ++i) {
    a.low[i] = random.coin(0.3) ? INT32_MIN : static_cast<int32_t>(random.integer(-9, 9));
    a.range[i] = static_cast<uint32_t>(int64_t{random.coin(0.3) ? INT32_MAX : std::max(a.low[i], 3)} - a.low[i]);
    if (random.coin()) a.inside[i / 64] &= ~(uint64_t{1} << (i % 64));
  }
  return a;
}

bool is_negative(const IntervalArrays& a, size_t channel, int64_t n) {
  const bool inside = n >= a.low[channel] && n - a.low[channel] <= int64_t{a.range[channel]};
  return inside != (((a.inside[channel / 64] >> (channel % 64)) & 1) != 0);
}

void thresholds(const Table& table, check::Random& random, size_t channels) {
  const IntervalArrays arrays = random_intervals(random, channels);
  const Intervals intervals = arrays.view();
  auto integers = filled<int32_t>(channels, [&] { return static_cast<int32_t>(random.integer(-12, 12)); });
  integers.data()[0] = INT32_MIN;
  Guarded<uint64_t> words((channels + 63) / 64);
  table.threshold(integers.data(), channels, &intervals, words.data());
  std::vector<uint64_t> expected(words.size(), 0);
  for (size_t i = 0; i < channels; ++i) {
    if (is_negative(arrays, i, integers.data()[i])) expected[i / 64] |= uint64_t{1} << (i % 64);
  }
  check::that(std::equal(expected.begin(), expected.end(), words.data()) && words.guards_hold(),
              title(table, "threshold", channels));
}

void binary_products(const Table& table, check::Random& random, size_t rows, size_t words, size_t outputs) {
  const size_t lanes = (outputs + 15) / 16 * 16, stride = words + 3;
  auto patches = filled<uint32_t>(rows * stride, [&] { return static_cast<uint32_t>(random.word()); });
  auto weights = filled<uint32_t>(words * lanes, [&] { return static_cast<uint32_t>(random.word()); });
  auto starts =
      filled<int32_t>(rows + 2 * lanes, [&] { return static_cast<int32_t>(random.integer(-99, 32 * int64_t(words))); });
  std::vector<const int32_t*> row_starts;
  for (size_t row = 0; row < rows; ++row) row_starts.push_back(starts.data() + row % 5);
  const BinaryProduct product{patches.data(),    rows, stride, weights.data(), words, lanes, outputs,
                              row_starts.data(), lanes};

  std::vector<int32_t> expected(rows * outputs);
  for (size_t i = 0; i < expected.size(); ++i) {
    const size_t row = i / outputs, output = i % outputs;
    int64_t n = row_starts[row][lanes + output];
    for (size_t word = 0; word < words; ++word) {
      for (uint32_t rest = patches.data()[row * stride + word] ^ weights.data()[word * lanes + output]; rest;
           rest &= rest - 1)
        n -= 2;
    }
    expected[i] = static_cast<int32_t>(n);
  }
  Guarded<int32_t> sums(rows * outputs);
  table.binary_sums(&product, sums.data(), outputs);
  check::that(std::equal(expected.begin(), expected.end(), sums.data()) && sums.guards_hold(),
              title(table, "binary_sums, words", words));

  const IntervalArrays arrays = random_intervals(random, outputs);
  const Intervals intervals = arrays.view();
  Guarded<uint64_t> packed(rows * 2 - 1);
  std::vector<uint64_t> expected_words(rows, 0);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (is_negative(arrays, i % outputs, expected[i])) expected_words[i / outputs] |= uint64_t{1} << (i % outputs);
  }
  table.binary_signs(&product, &intervals, packed.data(), 2);
  bool right = packed.guards_hold();
  for (size_t row = 0; row < rows; ++row) right = right && packed.data()[row * 2] == expected_words[row];
  check::that(right, title(table, "binary_signs, words", words));
}

void integer_products(const Table& table, check::Random& random, size_t rows, size_t pairs, size_t outputs) {
  const size_t lanes = (outputs + 15) / 16 * 16, stride = 2 * pairs;
  auto patches = filled<int16_t>(rows * stride, [&] { return static_cast<int16_t>(random.integer(-128, 127)); });
  auto weights = filled<int16_t>(2 * pairs * lanes, [&] { return static_cast<int16_t>(random.integer(-127, 127)); });
  const IntegerProduct product{patches.data(), rows, stride, weights.data(), pairs, lanes, outputs};
  Guarded<int32_t> sums(rows * outputs);
  table.integer_sums(&product, sums.data(), outputs);
  bool right = sums.guards_hold();
  for (size_t row = 0; row < rows; ++row) {
    for (size_t output = 0; output < outputs; ++output) {
      int64_t n = 0;
      for (size_t i = 0; i < 2 * pairs; ++i) {
        n += patches.data()[row * stride + i] * weights.data()[(i / 2 * lanes + output) * 2 + i % 2];
      }
      right = right && sums.data()[row * outputs + output] == n;
    }
  }
  check::that(right, title(table, "integer_sums, pairs", pairs));
}

void float_products(const Table& table, check::Random& random, size_t rows, size_t depth, size_t outputs) {
  const size_t lanes = (outputs + 15) / 16 * 16;
  auto patches = filled<float>(
      rows * depth, [&] { return depth < 64 ? random.awkward() : static_cast<float>(random.integer(-99, 99)) / 7.0f; });
  auto weights = filled<float>(depth * lanes, [&] { return static_cast<float>(random.integer(-99, 99)) / 64.0f; });
  auto start = filled<float>(lanes, [&] { return static_cast<float>(random.integer(-99, 99)) / 3.0f; });
  const FloatProduct product{patches.data(), rows, depth, weights.data(), depth, lanes, outputs, start.data()};
  Guarded<float> sums(rows * outputs), expected(rows * outputs);
  table.float_sums(&product, sums.data(), outputs);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t output = 0; output < outputs; ++output) {
      float n = start.data()[output];
      for (size_t i = 0; i < depth; ++i) {
        n = std::fma(patches.data()[row * depth + i], weights.data()[i * lanes + output], n);
      }
      expected.data()[row * outputs + output] = n;
    }
  }
  check::that(same_floats(sums, expected) && sums.guards_hold(), title(table, "float_sums, depth", depth));
}

void products(const Table& table, check::Random& random) {
  for (const size_t depth : kSizes) {
    for (const size_t outputs : {1, 15, 16, 17, 33, 48, 63, 64}) {
      for (const size_t rows : {1, 2, 3, 4, 5, 6, 7, 13, 29}) {
        if (depth > 129 && rows != 7 && rows != 1) continue;  // the long ones take their time in the scalar kernels
        binary_products(table, random, rows, depth, outputs);
        integer_products(table, random, rows, depth, outputs);
        float_products(table, random, rows, depth, outputs);
      }
    }
  }
}

// Where a kernel that counts in bytes must empty them: after 7 words, 31 words, 31 groups of 8 words. Signs that all
// differ fill a byte fastest.
void full_counts(const Table& table) {
  for (const size_t words : {6, 7, 8, 9, 14, 15, 30, 32, 62, 247, 248, 249, 255, 256, 257, 496, 520, 1024, 2050}) {
    for (const size_t outputs : {16, 48, 64}) {
      constexpr size_t kRows = 7;
      const std::vector<uint32_t> patches(kRows * words, 0xFFFFFFFFu), weights(words * outputs, 0);
      const std::vector<int32_t> start(outputs, 5);
      const std::vector<const int32_t*> starts(kRows, start.data());
      const BinaryProduct product{patches.data(), kRows,         words, weights.data(), words, outputs,
                                  outputs,        starts.data(), 0};
      std::vector<int32_t> sums(kRows * outputs);
      table.binary_sums(&product, sums.data(), outputs);
      const int32_t expected = 5 - 64 * static_cast<int32_t>(words);
      check::that(std::all_of(sums.begin(), sums.end(), [&](int32_t n) { return n == expected; }),
                  title(table, "binary_sums of signs that all differ, words", words));
    }
  }
}

void pointwise(const Table& table, check::Random& random, size_t count) {
  auto a = filled<float>(count, [&] { return random.awkward(); });
  auto b = filled<float>(count, [&] { return random.awkward(); });
  auto c = filled<float>(count, [&] { return random.awkward(); });
  for (int step = kAdd; step <= kSilu; ++step) {
    Guarded<float> values(count), expected(count);
    scalar().pointwise(Step(step), a.data(), b.data(), c.data(), count, expected.data());
    table.pointwise(Step(step), a.data(), b.data(), c.data(), count, values.data());
    check::that(same_floats(values, expected) && values.guards_hold(),
                title(table, "pointwise", count) + ", step " + std::to_string(step));
    std::copy_n(a.data(), count, values.data());
    table.pointwise(Step(step), values.data(), b.data(), c.data(), count, values.data());
    check::that(same_floats(values, expected), title(table, "pointwise in place", count));
  }
}

// The steps but sigmoid and SiLU, as docs/file-format.md has them.
float stated(int step, float a, float b, float c) {
  switch (step) {
    case kAdd: return a + b;
    case kSubtract: return a - b;
    case kMultiply: return a * b;
    case kDivide: return a / b;
    case kMinimum: return a < b || std::isnan(a) ? a : b;
    case kMaximum: return a > b || std::isnan(a) ? a : b;
    case kFusedMultiplyAdd: return std::fma(a, b, c);
    default: return a > 0 ? a : a * b;
  }
}

// Every pair of values at which a step may go another way: zeros of both signs, equal ones, infinities, NaN.
void pointwise_pairs(const Table& table) {
  constexpr float kValues[] = {0.0f,  -0.0f,    1.0f,      -1.0f, 1e-45f, -1e-45f, 1e-39f,
                               -2.5f, INFINITY, -INFINITY, 3e38f, -3e38f, NAN,     0.1f};
  std::vector<float> a, b, c;
  for (const float first : kValues) {
    for (const float second : kValues) {
      for (const float third : {0.0f, -0.0f, 1.0f, -INFINITY, NAN}) {
        a.push_back(first);
        b.push_back(second);
        c.push_back(third);
      }
    }
  }
  for (int step = kAdd; step <= kPRelu; ++step) {
    Guarded<float> values(a.size()), expected(a.size());
    table.pointwise(Step(step), a.data(), b.data(), c.data(), a.size(), values.data());
    for (size_t i = 0; i < a.size(); ++i) expected.data()[i] = stated(step, a[i], b[i], c[i]);
    check::that(same_floats(values, expected), title(table, "pairs", a.size()) + ", step " + std::to_string(step));
  }
}

template <class T>
using Pool = void (*)(const T* const*, size_t, size_t, const T*, T*);

// Of each channel the largest, or the smallest where flip is set; for bits, T is a word and `larger` is AND.
template <class T>
void pool(const Table& table, Pool<T> kernel, check::Random& random, size_t size, const char* what,
          const std::function<T(T, T)>& larger) {
  for (const size_t taps : {1, 2, 4, 9}) {
    auto pixels = filled<T>(taps * size, [&] { return static_cast<T>(random.word()); });
    auto flip = filled<T>(size, [&] {
      return std::is_signed_v<T> ? static_cast<T>(random.coin() ? -1 : 0) : static_cast<T>(random.word());
    });
    std::vector<const T*> places;
    for (size_t tap = 0; tap < taps; ++tap) places.push_back(pixels.data() + tap * size);
    for (const bool flipped : {false, true}) {
      Guarded<T> largest(size);
      kernel(places.data(), taps, size, flipped ? flip.data() : nullptr, largest.data());
      bool right = largest.guards_hold();
      for (size_t i = 0; i < size; ++i) {
        const T mask = flipped ? flip.data()[i] : T{0};
        T best = static_cast<T>(places[0][i] ^ mask);
        for (size_t tap = 1; tap < taps; ++tap) best = larger(best, static_cast<T>(places[tap][i] ^ mask));
        right = right && largest.data()[i] == static_cast<T>(best ^ mask);
      }
      check::that(right, title(table, what, size));
    }
  }
}

void float_pool(const Table& table, check::Random& random, size_t channels) {
  for (const size_t taps : {1, 2, 4, 9}) {
    auto pixels = filled<float>(taps * channels, [&] { return random.awkward(); });
    std::vector<const float*> places;
    for (size_t tap = 0; tap < taps; ++tap) places.push_back(pixels.data() + tap * channels);
    Guarded<float> largest(channels), expected(channels);
    table.pool_float(places.data(), taps, channels, largest.data());
    for (size_t i = 0; i < channels; ++i) {
      float best = places[0][i];
      for (size_t tap = 1; tap < taps; ++tap) {
        if (places[tap][i] > best || std::isnan(places[tap][i])) best = places[tap][i];
      }
      expected.data()[i] = best;
    }
    check::that(same_floats(largest, expected) && largest.guards_hold(), title(table, "pool_float", channels));
  }
}

void all_kernels(const Table& table) {
  const long before = check::checks;
  check::Random random;
  for (const size_t size : kSizes) {
    signs(table, random, size);
    conversions(table, random, size);
    thresholds(table, random, size);
    pointwise(table, random, size);
    pool<int32_t>(table, table.pool_int32, random, size, "pool_int32",
                  [](int32_t a, int32_t b) { return std::max(a, b); });
    pool<uint64_t>(table, table.pool_bits, random, size, "pool_bits", [](uint64_t a, uint64_t b) { return a & b; });
    float_pool(table, random, size);
  }
  pointwise_pairs(table);
  products(table, random);
  full_counts(table);
  std::printf("isa %s: %ld checks\n", table.isa, check::checks - before);
}

#if defined(__x86_64__)
// The compiler's own word on what this processor has.
void what_the_processor_has() {
  const bool fma = __builtin_cpu_supports("fma");
  const bool avx512 = fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  check::that(has_avx2() == (fma && __builtin_cpu_supports("avx2")), "AVX2");
  check::that(has_avx512() == avx512, "AVX-512");
  check::that(has_avx512_vpopcntdq() == (avx512 && __builtin_cpu_supports("avx512vpopcntdq")), "VPOPCNTDQ");
}
#else
void what_the_processor_has() {}
#endif

}  // namespace

int main() {
  what_the_processor_has();
  for (const Table* table : all()) {
    if (table->supported()) {
      all_kernels(*table);
    } else {
      std::printf("isa %s: not run, this processor does not have it\n", table->isa);
    }
  }
  return check::report("kernels");
}
