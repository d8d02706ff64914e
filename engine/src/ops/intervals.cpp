#include "intervals.h"

#include <algorithm>

#include "bit_runs.h"

namespace sbit {

void check_intervals(const Graph& graph, const Op& op, size_t first, size_t channels) {
  const OpCheck check(graph, op);
  check.constant(first, Type::int32, channels, "low");
  check.constant(first + 1, Type::int32, channels, "high");
  check.constant(first + 2, Type::bits, ceil_div(channels, 64), "inverted");
  check.unused_bits(first + 2, 1, channels, "inverted");
}

namespace {

// [padded / 64] inside, [padded] low, [padded] range.
size_t padded_channels(size_t channels) noexcept { return round_up(channels, kernels::kBlockLanes); }

}  // namespace

size_t interval_bytes(size_t channels) noexcept {
  const size_t padded = padded_channels(channels);
  return padded / 64 * sizeof(uint64_t) + padded * (sizeof(int32_t) + sizeof(uint32_t));
}

kernels::Intervals packed_intervals(size_t channels, const void* memory) noexcept {
  const size_t padded = padded_channels(channels);
  const auto* inside = static_cast<const uint64_t*>(memory);
  const auto* low = reinterpret_cast<const int32_t*>(inside + padded / 64);
  return {low, reinterpret_cast<const uint32_t*>(low + padded), inside};
}

void pack_intervals(size_t channels, const int32_t* low, const int32_t* high, const uint64_t* inverted,
                    void* memory) noexcept {
  const size_t padded = padded_channels(channels);
  auto* inside_words = static_cast<uint64_t*>(memory);
  auto* lows = reinterpret_cast<int32_t*>(inside_words + padded / 64);
  auto* ranges = reinterpret_cast<uint32_t*>(lows + padded);
  std::fill_n(inside_words, padded / 64, ~uint64_t{0});
  std::fill_n(lows, padded, 0);
  std::fill_n(ranges, padded, UINT32_MAX);
  for (size_t channel = 0; channel < channels; ++channel) {
    bool inside = !bit(inverted, channel);
    if (low[channel] <= high[channel]) {
      lows[channel] = low[channel];
      ranges[channel] = static_cast<uint32_t>(high[channel]) - static_cast<uint32_t>(low[channel]);
    } else {
      inside = !inside;  // nothing is in the empty interval: everything, the other way round
    }
    if (!inside) inside_words[channel / 64] &= ~(uint64_t{1} << (channel % 64));
  }
}

kernels::Intervals from_channel(const kernels::Intervals& intervals, size_t channel) noexcept {
  return {intervals.low + channel, intervals.range + channel, intervals.inside + channel / 64};
}

PackedIntervals::PackedIntervals(const Graph& graph, const Op& op, size_t first, size_t channels)
    : memory_(allocate_aligned(interval_bytes(channels), "the thresholds of an op")) {
  pack_intervals(channels, graph.constant_of(op, first).as<int32_t>(), graph.constant_of(op, first + 1).as<int32_t>(),
                 graph.constant_of(op, first + 2).as<uint64_t>(), memory_.get());
  view_ = packed_intervals(channels, memory_.get());
}

}  // namespace sbit
