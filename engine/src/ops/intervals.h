// The three constants that turn integers into signs: `low`, `high` and `inverted` for each channel.
#pragma once

#include <vector>

#include "check.h"
#include "../kernels/kernels.h"

namespace sbit {

// Checks constants first, first + 1 and first + 2 of an op.
void check_intervals(const Graph& graph, const Op& op, size_t first, size_t channels);

// The intervals as the kernels want them: `low <= n <= high` is one unsigned comparison of n - low.
class PackedIntervals {
 public:
  PackedIntervals() = default;
  PackedIntervals(const Graph& graph, const Op& op, size_t first, size_t channels);

  static size_t bytes(size_t channels) noexcept {
    const size_t padded = round_up(channels, kernels::kBlockLanes);
    return padded * (sizeof(int32_t) + sizeof(uint32_t)) + padded / 8;
  }

  // From a channel on that is a multiple of 64.
  kernels::Intervals from(size_t channel) const noexcept {
    return {low_.data() + channel, range_.data() + channel, inside_.data() + channel / 64};
  }

 private:
  std::vector<int32_t> low_;
  std::vector<uint32_t> range_;
  std::vector<uint64_t> inside_;
};

}  // namespace sbit
