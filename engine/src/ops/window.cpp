#include "window.h"

#include <algorithm>

#include "../limits.h"

namespace sbit {
namespace {

int reach(const WindowSide& side) { return side.dilation * (side.kernel - 1) + 1; }

WindowSide read_side(const OpCheck& check, size_t i, int size, int out_size, const char* title) {
  WindowSide side{};
  const std::string axis = title;
  side.kernel = check.attribute(i, 1, kMostWindowSide, (axis + " of the kernel").c_str());
  side.stride = check.attribute(i + 2, 1, kMostWindowSide, (axis + " of the stride").c_str());
  side.dilation = check.attribute(i + 6, 1, kMostWindowSide, (axis + " of the dilation").c_str());
  side.padding = check.attribute(i + 4, 0, reach(side) - 1, (axis + " of the padding").c_str());
  side.size = size;
  side.out_size = out_size;
  return side;
}

// Every window of a pool needs a tap inside the image.
bool all_have_taps(const WindowSide& side) {
  for (int out = 0; out < side.out_size; ++out) {
    if (side.inside(out).count() <= 0) return false;
  }
  return true;
}

void check_side(const OpCheck& check, const WindowSide& side, Rounding rounding, const char* axis) {
  const int free = side.size + 2 * side.padding - reach(side);
  const int down = free / side.stride + 1, up = (free + side.stride - 1) / side.stride + 1;
  const bool fits = side.out_size == down || (rounding == Rounding::down_or_up && side.out_size == up);
  if (free < 0 || !fits) {
    check.fail(std::string("the ") + axis + " of the output is " + std::to_string(side.out_size) + "; it must be " +
               (free < 0 ? "more than the kernel leaves" : std::to_string(down)));
  }
  if (rounding == Rounding::down_or_up && !all_have_taps(side)) {
    check.fail(std::string("along its ") + axis + ", a window has no pixel of the image");
  }
}

}  // namespace

TapRange WindowSide::inside_at_border(int first_pixel) const noexcept {
  // ceil(-first_pixel / dilation) and ceil((size - first_pixel) / dilation), both of numbers that may be negative
  const int first = first_pixel >= 0 ? 0 : (-first_pixel + dilation - 1) / dilation;
  const int room = size - first_pixel;
  const int last = room <= 0 ? 0 : std::min(kernel, (room + dilation - 1) / dilation);
  return {std::min(first, last), last};
}

bool Window::is_pointwise() const noexcept {
  return taps() == 1 && y.stride == 1 && x.stride == 1 && y.padding == 0 && x.padding == 0;
}

bool Window::is_whole_image() const noexcept {
  return out_pixels() == 1 && y.kernel == y.size && x.kernel == x.size && y.padding == 0 && x.padding == 0;
}

Window window_of(const Graph& graph, const Op& op) {
  const Tensor& in = graph.input_of(op);
  const Tensor& out = graph.output_of(op);
  const View<int32_t>& a = op.attributes;
  return {{a[0], a[2], a[4], a[6], static_cast<int>(in.height), static_cast<int>(out.height)},
          {a[1], a[3], a[5], a[7], static_cast<int>(in.width), static_cast<int>(out.width)}};
}

Window check_window(const Graph& graph, const Op& op, Rounding rounding) {
  const OpCheck check(graph, op);
  const Tensor& in = graph.input_of(op);
  const Tensor& out = graph.output_of(op);
  const Window window{read_side(check, 0, static_cast<int>(in.height), static_cast<int>(out.height), "height"),
                      read_side(check, 1, static_cast<int>(in.width), static_cast<int>(out.width), "width")};
  check_side(check, window.y, rounding, "height");
  check_side(check, window.x, rounding, "width");
  return window;
}

size_t check_groups(const Graph& graph, const Op& op) {
  const OpCheck check(graph, op);
  const auto groups = static_cast<size_t>(check.attribute(8, 1, kMostGroups, "the number of groups"));
  const size_t channels = graph.input_of(op).channels, outputs = graph.output_of(op).channels;
  if (channels % groups || outputs % groups) {
    check.fail(std::to_string(groups) + " groups; they must divide " + std::to_string(channels) + " channels and " +
               std::to_string(outputs) + " outputs");
  }
  return groups;
}

}  // namespace sbit
