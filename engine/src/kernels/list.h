// The instruction sets of this build.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace sbit {
namespace kernels {

// All that are compiled in, best first.
const std::vector<const Table*>& all();

// The table of that name; empty: of the environment's SIGNBIT_ISA, and without one the best that is supported.
// Throws Error (isa) for a name that is unknown, or not supported by this processor.
const Table& choose(const std::string& isa);

}  // namespace kernels
}  // namespace sbit
