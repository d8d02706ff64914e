// How large an image and a window may be: the same for a model file and for the C interface of the kernels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sbit {

constexpr size_t kMostImageSide = 65535;
constexpr size_t kMostChannels = size_t{1} << 20;
constexpr size_t kMostElements = size_t{1} << 28;  // of one image's tensor
constexpr int64_t kMostWindowSide = 255;           // a kernel's side, a stride, a dilation
constexpr int64_t kMostGroups = 65536;
constexpr size_t kFirstInexact = size_t{1} << 24;  // whole numbers below it are exact in float32

}  // namespace sbit
