// Runs of bits that begin anywhere in an array of words; bit i is bit i % 64 of word i / 64.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sbit {

// `count` bits (1 to 64) from bit `first` on; touches no word that holds none of them.
inline uint64_t read_bits(const uint64_t* words, size_t first, size_t count) noexcept {
  const size_t word = first / 64, shift = first % 64;
  uint64_t bits = words[word] >> shift;
  if (shift + count > 64) bits |= words[word + 1] << (64 - shift);
  return count == 64 ? bits : bits & ((uint64_t{1} << count) - 1);
}

// Sets, from bit `first` on, those that are set in `bits`; of it only the low `count` may be set.
inline void set_bits(uint64_t* words, size_t first, size_t count, uint64_t bits) noexcept {
  const size_t word = first / 64, shift = first % 64;
  words[word] |= bits << shift;
  if (shift + count > 64) words[word + 1] |= bits >> (64 - shift);
}

// Copies a run into bits that are zero.
inline void copy_bits(const uint64_t* source, size_t source_first, size_t count, uint64_t* target,
                      size_t target_first) noexcept {
  for (size_t done = 0; done < count; done += 64) {
    const size_t bits = count - done < 64 ? count - done : 64;
    set_bits(target, target_first + done, bits, read_bits(source, source_first + done, bits));
  }
}

inline bool bit(const uint64_t* words, size_t i) noexcept { return (words[i / 64] >> (i % 64)) & 1; }

}  // namespace sbit
