// Where in one block of memory each tensor lives, so that those that are never alive together share it.
#pragma once

#include <vector>

#include "graph.h"

namespace sbit {

struct MemoryPlan {
  std::vector<size_t> offsets;  // of each tensor; the network's input and output are the caller's memory and have 0
  size_t bytes = 0;
};

MemoryPlan plan_memory(const Graph& graph, size_t images);

}  // namespace sbit
