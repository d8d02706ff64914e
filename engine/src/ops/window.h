// The geometry of a convolution or a pool: which pixels of the input lie under an output pixel.
#pragma once

#include "check.h"

namespace sbit {

// A run of taps along one side of the kernel.
struct TapRange {
  int first;
  int last;  // one past
  int count() const noexcept { return last - first; }
};

// One side (height or width) of a window.
class WindowSide {
 public:
  int kernel, stride, padding, dilation;
  int size;      // pixels of the input
  int out_size;  // pixels of the output

  // The pixel under the first tap; negative where it lies outside.
  int start(size_t out) const noexcept { return static_cast<int>(out) * stride - padding; }
  // The taps that lie inside the image. Most pixels are far from the border: they are spared two divisions.
  TapRange inside(size_t out) const noexcept {
    const int first = start(out);
    return first >= 0 && first + dilation * (kernel - 1) < size ? TapRange{0, kernel} : inside_at_border(first);
  }
  bool whole(TapRange taps) const noexcept { return taps.first == 0 && taps.last == kernel; }

 private:
  TapRange inside_at_border(int first_pixel) const noexcept;
};

enum class Rounding { down, down_or_up };

struct Window {
  WindowSide y, x;

  size_t taps() const noexcept { return size_t(y.kernel) * x.kernel; }
  size_t in_pixels() const noexcept { return size_t(y.size) * x.size; }
  size_t out_pixels() const noexcept { return size_t(y.out_size) * x.out_size; }
  // Each output pixel sees the one input pixel at its own place.
  bool is_pointwise() const noexcept;
  // The one output pixel sees the whole image.
  bool is_whole_image() const noexcept;
};

// From the attributes `kh kw sh sw ph pw dh dw` of a checked op.
Window window_of(const Graph& graph, const Op& op);

// Checks these attributes, and that the output has the height and width that they give.
Window check_window(const Graph& graph, const Op& op, Rounding rounding);

// Checks attribute 8, the groups, which divide both channels and outputs; returns their number.
size_t check_groups(const Graph& graph, const Op& op);

// Calls run(tap, taps, y, x) for each run of taps whose pixels lie side by side: taps tap, tap + 1, ... are over pixels
// (y, x), (y, x + 1), ... Taps outside the image are left out.
template <class Run>
void for_each_run(const Window& window, TapRange rows, TapRange columns, size_t out_y, size_t out_x, const Run& run) {
  const int top = window.y.start(out_y), left = window.x.start(out_x);
  for (int ky = rows.first; ky < rows.last; ++ky) {
    const int y = top + ky * window.y.dilation;
    if (window.x.dilation == 1) {
      run(ky * window.x.kernel + columns.first, columns.count(), y, left + columns.first);
      continue;
    }
    for (int kx = columns.first; kx < columns.last; ++kx) {
      run(ky * window.x.kernel + kx, 1, y, left + kx * window.x.dilation);
    }
  }
}

}  // namespace sbit
