// CRC-32 as zlib and PNG have it (reflected, polynomial 0xEDB88320).
#pragma once

#include <cstddef>
#include <cstdint>

namespace sbit {

// `before` is the checksum of the bytes in front of these, so that pieces can be chained.
uint32_t crc32(const uint8_t* bytes, size_t size, uint32_t before = 0) noexcept;

}  // namespace sbit
