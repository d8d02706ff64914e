#include "photo.h"

#include <algorithm>
#include <cmath>

namespace sbit {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::input, message); }

// ---- PGM and PPM: "P6", width, height, largest value, one white space, the samples ----

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

class PnmHeader {
 public:
  explicit PnmHeader(const std::string& content) : content_(content) {}

  size_t number() {
    skip_space_and_comments();
    size_t value = 0, digits = 0;
    while (at_ < content_.size() && content_[at_] >= '0' && content_[at_] <= '9') {
      value = value * 10 + static_cast<size_t>(content_[at_++] - '0');
      if (++digits > 6) refuse("a number in the header of the PGM or PPM file is too large");
    }
    if (!digits) refuse("the header of the PGM or PPM file is cut short");
    return value;
  }
  size_t end() const noexcept { return at_ + 1; }

 private:
  void skip_space_and_comments() {
    while (at_ < content_.size() && (is_space(content_[at_]) || content_[at_] == '#')) {
      if (content_[at_] == '#') {
        while (at_ < content_.size() && content_[at_] != '\n') ++at_;
      } else {
        ++at_;
      }
    }
  }

  const std::string& content_;
  size_t at_ = 2;
};

// ---- Pillow's resampling ----

constexpr int kWeightBits = 22;

double bilinear(double x) { return std::fabs(x) < 1 ? 1 - std::fabs(x) : 0; }

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// What one output sample is made of: neighbouring input samples and their weights.
struct Taps {
  size_t first;
  std::vector<int32_t> weights;
};

std::vector<Taps> find_taps(size_t size, size_t out_size, Filter filter) {
  const bool is_bilinear = filter == Filter::bilinear;
  const double scale = double(size) / double(out_size), widened = std::max(scale, 1.0);
  const double support = (is_bilinear ? 1.0 : 2.0) * widened, shrink = 1.0 / widened;
  std::vector<Taps> all(out_size);
  std::vector<double> exact;
  for (size_t out = 0; out < out_size; ++out) {
    const double center = (double(out) + 0.5) * scale;
    const auto first = static_cast<size_t>(std::max(0, static_cast<int>(center - support + 0.5)));
    const size_t last = std::min(size, static_cast<size_t>(center + support + 0.5));
    exact.clear();
    double sum = 0;
    for (size_t i = first; i < last; ++i) {
      const double x = (double(i) - center + 0.5) * shrink;
      exact.push_back(is_bilinear ? bilinear(x) : bicubic(x));
      sum += exact.back();
    }
    all[out].first = first;
    for (const double weight : exact) {
      const double scaled = (sum != 0 ? weight / sum : weight) * (1 << kWeightBits);
      all[out].weights.push_back(static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
    }
  }
  return all;
}

uint8_t weigh(const Taps& taps, const uint8_t* samples, size_t stride) {
  int32_t sum = 1 << (kWeightBits - 1);
  for (size_t i = 0; i < taps.weights.size(); ++i) sum += samples[i * stride] * taps.weights[i];
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

Photo resize_columns(const Photo& photo, size_t width, Filter filter) {
  if (width == photo.width) return photo;
  const std::vector<Taps> taps = find_taps(photo.width, width, filter);
  Photo result{photo.height, width, photo.channels, std::vector<uint8_t>(photo.height * width * photo.channels)};
  uint8_t* target = result.pixels.data();
  for (size_t y = 0; y < photo.height; ++y) {
    const uint8_t* row = photo.pixels.data() + y * photo.width * photo.channels;
    for (const Taps& tap : taps) {
      for (size_t c = 0; c < photo.channels; ++c) {
        *target++ = weigh(tap, row + tap.first * photo.channels + c, photo.channels);
      }
    }
  }
  return result;
}

Photo resize_rows(const Photo& photo, size_t height, Filter filter) {
  if (height == photo.height) return photo;
  const size_t row = photo.width * photo.channels;
  Photo result{height, photo.width, photo.channels, std::vector<uint8_t>(height * row)};
  uint8_t* target = result.pixels.data();
  for (const Taps& tap : find_taps(photo.height, height, filter)) {
    for (size_t i = 0; i < row; ++i) *target++ = weigh(tap, photo.pixels.data() + tap.first * row + i, row);
  }
  return result;
}

Photo resize(const Photo& photo, size_t height, size_t width, Filter filter) {
  return resize_rows(resize_columns(photo, width, filter), height, filter);
}

// ---- the rest ----

Photo with_channels(const Photo& photo, size_t channels) {
  if (photo.channels == channels) return photo;
  const size_t pixels = photo.height * photo.width;
  Photo result{photo.height, photo.width, channels, std::vector<uint8_t>(pixels * channels)};
  for (size_t i = 0; i < pixels; ++i) {
    if (channels == 3) {
      std::fill_n(result.pixels.data() + 3 * i, 3, photo.pixels[i]);
    } else {  // ITU-R 601, in 16 bits, as Pillow rounds it
      const uint8_t* rgb = photo.pixels.data() + 3 * i;
      result.pixels[i] = static_cast<uint8_t>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
    }
  }
  return result;
}

// round(free / 2), halves to even
size_t middle(size_t free) { return free / 2 + (free % 2 && free / 2 % 2 ? 1 : 0); }

Photo crop(const Photo& photo, size_t height, size_t width) {
  const size_t top = middle(photo.height - height), left = middle(photo.width - width);
  Photo result{height, width, photo.channels, {}};
  for (size_t y = 0; y < height; ++y) {
    const auto row = photo.pixels.begin() + static_cast<std::ptrdiff_t>(((top + y) * photo.width + left) * photo.channels);
    result.pixels.insert(result.pixels.end(), row, row + static_cast<std::ptrdiff_t>(width * photo.channels));
  }
  return result;
}

}  // namespace

bool is_pnm(const std::string& content) noexcept {
  return content.size() > 2 && content[0] == 'P' && (content[1] == '5' || content[1] == '6') && is_space(content[2]);
}

Photo read_pnm(const std::string& content) {
  PnmHeader header(content);
  Photo photo;
  photo.width = header.number();
  photo.height = header.number();
  photo.channels = content[1] == '6' ? 3 : 1;
  if (header.number() != 255) refuse("the PGM or PPM file has another largest value than 255");
  if (!photo.width || !photo.height || photo.width > 65535 || photo.height > 65535) {
    refuse("the PGM or PPM file is " + std::to_string(photo.width) + " x " + std::to_string(photo.height) +
           " pixels; allowed are 1 to 65,535 a side");
  }
  const size_t bytes = photo.height * photo.width * photo.channels;
  if (content.size() < header.end() || content.size() - header.end() < bytes) {
    refuse("the PGM or PPM file is cut short: it needs " + std::to_string(bytes) + " bytes of samples");
  }
  const auto first = content.begin() + static_cast<std::ptrdiff_t>(header.end());
  photo.pixels.assign(first, first + static_cast<std::ptrdiff_t>(bytes));
  return photo;
}

Photo prepare(const Photo& given, const Tensor& input, const Preprocessing& preprocessing) {
  if (input.type != Type::uint8 || (input.channels != 1 && input.channels != 3)) {
    refuse("the model reads no uint8 images of 1 or 3 channels; give it raw files of " +
           std::to_string(input.bytes()) + " bytes");
  }
  const Photo photo = with_channels(given, input.channels);
  const size_t size = preprocessing.resize;
  if (!size) return resize(photo, input.height, input.width, preprocessing.filter);
  const bool tall = photo.height > photo.width;
  const size_t shorter = std::min(photo.height, photo.width), longer = std::max(photo.height, photo.width);
  const size_t scaled = size * longer / shorter;
  return crop(resize(photo, tall ? scaled : size, tall ? size : scaled, preprocessing.filter), input.height, input.width);
}

}  // namespace sbit
