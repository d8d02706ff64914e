// Mutations of a model file that reach past its checksums.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mutate_model {

// Changes the file in place and returns its new size, at most `most`. Most results have sections, lists and checksums
// that are right, so that what is attacked lies behind them; some have not, so that the outer checks are attacked too.
size_t mutate(uint8_t* file, size_t size, size_t most, unsigned seed);

// Sections of the one file, sections of the other; 0 where they do not go together.
size_t cross(const uint8_t* one, size_t one_size, const uint8_t* other, size_t other_size, uint8_t* file, size_t most,
             unsigned seed);

}  // namespace mutate_model
