// A small network with every op in it.
#pragma once

#include "check.h"
#include "write_model.h"

namespace write_model {

inline std::vector<uint64_t> random_words(check::Random& random, size_t rows, size_t channels) {
  const size_t words = (channels + 63) / 64;
  std::vector<uint64_t> values(rows * words);
  for (size_t i = 0; i < values.size(); ++i) {
    const bool last = i % words == words - 1 && channels % 64;
    values[i] = random.word() & (last ? (uint64_t{1} << (channels % 64)) - 1 : ~uint64_t{0});
  }
  return values;
}

inline std::vector<int32_t> random_integers(check::Random& random, size_t count, int64_t least, int64_t most) {
  std::vector<int32_t> values(count);
  for (int32_t& value : values) value = static_cast<int32_t>(random.integer(least, most));
  return values;
}

inline std::vector<float> random_floats(check::Random& random, size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.integer(-1000, 1000)) / 256.0f;
  return values;
}

// `outputs` channels of a select, each the one after its neighbour's with that probability; some are zeros.
inline std::vector<int32_t> random_index(check::Random& random, uint32_t channels, size_t outputs, double share) {
  std::vector<int32_t> index(outputs);
  for (size_t i = 0; i < outputs; ++i) {
    const bool goes_on = i > 0 && index[i - 1] + 1 < static_cast<int32_t>(channels) && random.coin(share);
    index[i] = goes_on ? index[i - 1] + 1 : static_cast<int32_t>(random.integer(-1, channels - 1));
  }
  return index;
}

// uint8 6 x 5 x 3 -> float32 1 x 1 x 4
inline Bytes small_network(uint32_t seed = check::kSeed) {
  using sbit::OpKind;
  using sbit::Type;
  check::Random random(seed);
  Writer w;
  const uint32_t pixels = w.tensor(Type::uint8, 6, 5, 3), stem = w.tensor(Type::int32, 6, 5, 20);
  std::vector<int8_t> stem_weights(20 * 9 * 3);
  for (int8_t& weight : stem_weights) weight = static_cast<int8_t>(random.integer(-127, 127));
  w.op(OpKind::integer_conv, {pixels}, {stem}, {w.constant(Type::int8, stem_weights)}, {3, 3, 1, 1, 1, 1, 1, 1});

  const uint32_t signs = w.tensor(Type::bits, 6, 5, 20);
  const std::vector<uint32_t> interval = {w.constant(Type::int32, random_integers(random, 20, -90000, 10)),
                                          w.constant(Type::int32, random_integers(random, 20, 0, 90000)),
                                          w.constant(Type::bits, random_words(random, 1, 20)),
                                          w.constant(Type::int32, random_integers(random, 20, -1, 1)),
                                          w.constant(Type::bits, random_words(random, 2, 70))};
  w.op(OpKind::threshold, {stem}, {signs}, interval, {-35, 70});

  const uint32_t sums = w.tensor(Type::int32, 6, 5, 8), plain = w.tensor(Type::bits, 6, 5, 8);
  w.op(OpKind::binary_conv, {signs}, {sums}, {w.constant(Type::bits, random_words(random, 8 * 9, 10))},
       {3, 3, 1, 1, 1, 1, 1, 1, 2, 0});
  w.op(OpKind::binary_conv, {signs}, {plain},
       {w.constant(Type::bits, random_words(random, 8 * 9, 20)),
        w.constant(Type::int32, random_integers(random, 8, -20, 5)),
        w.constant(Type::int32, random_integers(random, 8, 0, 20)), w.constant(Type::bits, random_words(random, 1, 8))},
       {3, 3, 1, 1, 2, 2, 2, 2, 1, -1});

  const uint32_t real = w.tensor(Type::float32, 6, 5, 8), next = w.tensor(Type::bits, 6, 5, 8);
  w.op(OpKind::pointwise, {sums, plain}, {real, next},
       {w.constant(Type::float32, random_floats(random, 8)), w.constant(Type::float32, random_floats(random, 1))},
       {4, 7, 0, 2, 3, 10, 4, 0, 0, 1, 5, 1, 0, 8, 6, 2, 0, 7, 4});

  const uint32_t joined = w.tensor(Type::bits, 6, 5, 16), pooled = w.tensor(Type::bits, 3, 3, 16);
  w.op(OpKind::concat, {plain, next}, {joined}, {}, {});
  w.op(OpKind::max_pool, {joined}, {pooled}, {w.constant(Type::bits, random_words(random, 1, 16))},
       {2, 2, 2, 2, 0, 1, 1, 1});

  const uint32_t flat = w.tensor(Type::bits, 1, 1, 144), dense = w.tensor(Type::int32, 1, 1, 5);
  w.op(OpKind::flatten, {pooled}, {flat}, {}, {});
  w.op(OpKind::binary_conv, {flat}, {dense}, {w.constant(Type::bits, random_words(random, 5, 144))},
       {1, 1, 1, 1, 0, 0, 1, 1, 1, 0});
  const uint32_t looked_up = w.tensor(Type::float32, 1, 1, 5), scores = w.tensor(Type::float32, 1, 1, 4);
  w.op(OpKind::lookup, {dense}, {looked_up}, {w.constant(Type::float32, random_floats(random, 5 * 9))}, {-4, 9});
  w.op(OpKind::float_conv, {looked_up}, {scores},
       {w.constant(Type::float32, random_floats(random, 20)), w.constant(Type::float32, random_floats(random, 4))},
       {1, 1, 1, 1, 0, 0, 1, 1, 1});
  w.labels(4);
  return w.file(pixels, scores);
}

}  // namespace write_model
