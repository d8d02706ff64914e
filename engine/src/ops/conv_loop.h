// What the three convolutions share: how outputs are cut into blocks, pixels into chunks, and both into tasks.
//
// A chunk's patches (the inputs under its output pixels) are gathered once, then multiplied with one block of 64
// outputs after another, so that a block's weights stay in the first-level cache for all pixels of the chunk.
#pragma once

#include <algorithm>

#include "op.h"
#include "window.h"

namespace sbit {

struct ConvShape {
  Window window;
  size_t channels, outputs, groups;

  size_t group_channels() const noexcept { return channels / groups; }
  size_t group_outputs() const noexcept { return outputs / groups; }
  size_t depth() const noexcept { return window.taps() * group_channels(); }

  // Blocks of 64 outputs; the last of a group has as many lanes as it needs, in sixteens.
  size_t blocks() const noexcept { return ceil_div(group_outputs(), kernels::kBlockLanes); }
  size_t block_outputs(size_t block) const noexcept {
    return std::min<size_t>(kernels::kBlockLanes, group_outputs() - block * kernels::kBlockLanes);
  }
  size_t block_lanes(size_t block) const noexcept { return round_up(block_outputs(block), kernels::kLanes); }
  size_t group_lanes() const noexcept { return round_up(group_outputs(), kernels::kLanes); }
  size_t first_lane(size_t group, size_t block) const noexcept {
    return group * group_lanes() + block * kernels::kBlockLanes;
  }
  size_t first_output(size_t group, size_t block) const noexcept {
    return group * group_outputs() + block * kernels::kBlockLanes;
  }
};

// The shape of a checked convolution; `groups` is 1 where the op has none.
inline ConvShape conv_shape(const Graph& graph, const Op& op, size_t groups) {
  return {window_of(graph, op), graph.input_of(op).channels, graph.output_of(op).channels, groups};
}

// Kernels compute 6 pixels at a time. More pixels in a chunk reuse the weights more often, but 24 KiB of patches leave
// room for them in the first-level cache.
constexpr size_t kTileRows = 6;
constexpr size_t kMostRows = 48;
constexpr size_t kPatchesBytes = 24 * 1024;

inline size_t most_rows(size_t patch_bytes) noexcept {
  const size_t rows = kPatchesBytes / std::max<size_t>(patch_bytes, 1) / kTileRows * kTileRows;
  return std::clamp(rows, kTileRows, kMostRows);
}

struct Chunk {
  size_t first;  // output pixel, counted over all images
  size_t rows;
};

// gather(scratch, chunk, group) and then multiply(scratch, chunk, group, block) for each of the group's blocks. Where
// there are fewer chunks than threads and `may_split`, the blocks are shared out too, and each thread gathers.
template <class Gather, class Multiply>
void conv_loop(const Call& call, const ConvShape& shape, size_t most, bool may_split, const Gather& gather,
               const Multiply& multiply) noexcept {
  const size_t pixels = call.images * shape.window.out_pixels();
  if (pixels == 0) return;
  const size_t threads = call.pool.threads();
  size_t chunks = ceil_div(pixels, most);
  if (pixels >= threads * kTileRows) chunks = round_up(chunks, threads);
  const size_t rows = std::min(most, round_up(ceil_div(pixels, chunks), kTileRows));
  chunks = ceil_div(pixels, rows);

  const size_t units = shape.groups * shape.blocks();
  const size_t splits = may_split && chunks < threads ? std::min(units, threads) : 1;
  call.pool.for_each(chunks * splits, [&](size_t task, size_t thread) {
    uint8_t* scratch = call.scratch_of(thread);
    const size_t first = task / splits * rows;
    const Chunk chunk{first, std::min(rows, pixels - first)};
    const size_t split = task % splits;
    size_t gathered = shape.groups;
    for (size_t unit = units * split / splits; unit < units * (split + 1) / splits; ++unit) {
      const size_t group = unit / shape.blocks();
      if (group != gathered) gather(scratch, chunk, group);
      gathered = group;
      multiply(scratch, chunk, group, unit % shape.blocks());
    }
  });
}

// Where an output pixel is, in images of `window`.
struct PixelPlace {
  size_t image, y, x;

  PixelPlace(const Window& window, size_t pixel) noexcept {
    image = pixel / window.out_pixels();
    const size_t within = pixel % window.out_pixels();
    y = within / window.x.out_size;
    x = within % window.x.out_size;
  }
  void next(const Window& window) noexcept {
    if (++x < size_t(window.x.out_size)) return;
    x = 0;
    if (++y < size_t(window.y.out_size)) return;
    y = 0;
    ++image;
  }
};

// Copies the patches of a chunk: [rows][stride] elements, in the order ky, kx, channel of the group; zeros outside the
// image. copy(source, count, target) copies `count` neighbouring elements. `pixel` elements make a pixel, of which
// `slice` belong to a group.
template <class Source, class Target, class Copy>
void gather_patches(const Window& window, const Source* images, size_t pixel, size_t slice, const Chunk& chunk,
                    size_t group, Target* patches, size_t stride, const Copy& copy) noexcept {
  PixelPlace place(window, chunk.first);
  for (size_t row = 0; row < chunk.rows; ++row, place.next(window)) {
    Target* patch = patches + row * stride;
    const Source* image = images + place.image * window.in_pixels() * pixel + group * slice;
    const TapRange rows = window.y.inside(place.y), columns = window.x.inside(place.x);
    if (!window.y.whole(rows) || !window.x.whole(columns)) std::fill_n(patch, window.taps() * slice, Target{0});
    for_each_run(window, rows, columns, place.y, place.x, [&](int tap, int taps, int y, int x) {
      const Source* source = image + (size_t(y) * window.x.size + x) * pixel;
      Target* target = patch + size_t(tap) * slice;
      if (pixel == slice) {
        copy(source, size_t(taps) * slice, target);
        return;
      }
      for (int i = 0; i < taps; ++i) copy(source + i * pixel, slice, target + i * slice);
    });
  }
}

// A plain loop: a call of memcpy for the 24 to 200 bytes of a run costs more than the copy. (The build keeps the
// compiler from turning it into one.) A class, because a function given by name would be called, not inlined.
struct CopyRun {
  template <class T>
  void operator()(const T* source, size_t count, T* target) const noexcept {
    for (size_t i = 0; i < count; ++i) target[i] = source[i];
  }
};

}  // namespace sbit
