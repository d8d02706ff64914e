// Pixels from files, as docs/file-format.md asks under Photos.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "signbit/engine.hpp"

namespace sbit {

struct Photo {
  size_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;  // [height][width][channels]
};

// True for the content of a binary PGM (P5) or PPM (P6) file.
bool is_pnm(const std::string& content) noexcept;

// Throws Error (input) where the file is damaged, or has more than 8 bits a sample.
Photo read_pnm(const std::string& content);

// The photo with the height, width and channels (1 or 3) of the tensor. Equal to Pillow, pixel for pixel.
Photo prepare(const Photo& photo, const Tensor& input, const Preprocessing& preprocessing);

}  // namespace sbit
