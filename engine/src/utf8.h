#pragma once

#include <cstddef>
#include <string_view>

namespace sbit {

// Whether the bytes are UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
inline bool is_utf8(std::string_view text) noexcept {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u; };
    const unsigned lead = byte(0);
    size_t more = 0;
    unsigned least = 0x80, most = 0xBF;  // of the second byte
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
    } else if (lead >= 0x80) {
      return false;
    }
    if (lead == 0xE0) least = 0xA0;
    if (lead == 0xED) most = 0x9F;
    if (lead == 0xF0) least = 0x90;
    if (lead == 0xF4) most = 0x8F;
    for (size_t k = 1; k <= more; ++k) {
      if (byte(k) < least || byte(k) > most) return false;
      least = 0x80, most = 0xBF;
    }
    i += 1 + more;
  }
  return true;
}

// U+0000 to U+001F and U+007F to U+009F, in UTF-8.
inline bool has_control_character(std::string_view text) noexcept {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace sbit
