// The three constants that turn integers into signs: `low`, `high` and `inverted` for each channel.
#pragma once

#include "check.h"
#include "../kernels/kernels.h"

namespace sbit {

// Checks constants first, first + 1 and first + 2 of an op.
void check_intervals(const Graph& graph, const Op& op, size_t first, size_t channels);

// The intervals as the kernels want them, in one block of memory that the caller owns, aligned to 8 bytes:
// `low <= n <= high` is one unsigned comparison of n - low.
size_t interval_bytes(size_t channels) noexcept;
void pack_intervals(size_t channels, const int32_t* low, const int32_t* high, const uint64_t* inverted,
                    void* memory) noexcept;
kernels::Intervals packed_intervals(size_t channels, const void* memory) noexcept;
// From a channel on that is a multiple of 64.
kernels::Intervals from_channel(const kernels::Intervals& intervals, size_t channel) noexcept;

// A block of memory that an op owns.
class PackedIntervals {
 public:
  PackedIntervals() = default;
  PackedIntervals(const Graph& graph, const Op& op, size_t first, size_t channels);

  const kernels::Intervals& view() const noexcept { return view_; }

 private:
  AlignedBytes memory_;
  kernels::Intervals view_{};
};

}  // namespace sbit
