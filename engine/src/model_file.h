// The reader of docs/file-format.md: the only code that sees untrusted bytes.
#pragma once

#include <memory>

#include "graph.h"

namespace sbit {

std::shared_ptr<const Graph> read_model_file(AlignedBytes file, size_t bytes);

}  // namespace sbit
