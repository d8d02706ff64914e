#include "intervals.h"

#include "bit_runs.h"

namespace sbit {

void check_intervals(const Graph& graph, const Op& op, size_t first, size_t channels) {
  const OpCheck check(graph, op);
  check.constant(first, Type::int32, channels, "low");
  check.constant(first + 1, Type::int32, channels, "high");
  check.constant(first + 2, Type::bits, ceil_div(channels, 64), "inverted");
  check.unused_bits(first + 2, 1, channels, "inverted");
}

PackedIntervals::PackedIntervals(const Graph& graph, const Op& op, size_t first, size_t channels) {
  const size_t padded = round_up(channels, kernels::kBlockLanes);
  const int32_t* low = graph.constant_of(op, first).as<int32_t>();
  const int32_t* high = graph.constant_of(op, first + 1).as<int32_t>();
  const uint64_t* inverted = graph.constant_of(op, first + 2).as<uint64_t>();
  low_.assign(padded, 0);
  range_.assign(padded, UINT32_MAX);
  inside_.assign(padded / 64, ~uint64_t{0});
  for (size_t channel = 0; channel < channels; ++channel) {
    bool inside = !bit(inverted, channel);
    if (low[channel] <= high[channel]) {
      low_[channel] = low[channel];
      range_[channel] = static_cast<uint32_t>(high[channel]) - static_cast<uint32_t>(low[channel]);
    } else {
      inside = !inside;  // nothing is in the empty interval: everything, the other way round
    }
    if (!inside) inside_[channel / 64] &= ~(uint64_t{1} << (channel % 64));
  }
}

}  // namespace sbit
