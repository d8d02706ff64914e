#include "memory_plan.h"

#include <algorithm>
#include <limits>

namespace sbit {
namespace {

// A tensor from the op that writes it to the last one that reads it, both included: an op never writes over its input.
struct Life {
  size_t tensor, bytes, first, last, offset;
};

std::vector<Life> lives_of(const Graph& graph, size_t images) {
  std::vector<Life> lives(graph.tensors.size());
  for (size_t i = 0; i < lives.size(); ++i) lives[i] = {i, round_up(graph.tensors[i].bytes() * images, 64), 0, 0, 0};
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    for (const uint32_t tensor : graph.ops[op].outputs) lives[tensor].first = lives[tensor].last = op;
    for (const uint32_t tensor : graph.ops[op].inputs) lives[tensor].last = op;
  }
  return lives;
}

// The lowest place that is free for all of the life.
size_t find_place(const Life& life, const std::vector<Life>& placed) {
  size_t offset = 0;
  for (const Life& other : placed) {  // sorted by offset
    if (other.last < life.first || life.last < other.first) continue;
    if (offset + life.bytes <= other.offset) break;
    offset = std::max(offset, other.offset + other.bytes);
  }
  return offset;
}

}  // namespace

// The largest tensors choose first: they have the fewest places to go.
MemoryPlan plan_memory(const Graph& graph, size_t images) {
  MemoryPlan plan;
  plan.offsets.assign(graph.tensors.size(), 0);
  std::vector<Life> lives = lives_of(graph, images);
  std::stable_sort(lives.begin(), lives.end(), [](const Life& a, const Life& b) { return a.bytes > b.bytes; });
  std::vector<Life> placed;
  for (Life life : lives) {
    if (life.tensor == graph.input || life.tensor == graph.output) continue;
    life.offset = find_place(life, placed);
    plan.offsets[life.tensor] = life.offset;
    plan.bytes = std::max(plan.bytes, life.offset + life.bytes);
    const auto after = [](const Life& a, const Life& b) { return a.offset < b.offset; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), life, after), life);
  }
  return plan;
}

}  // namespace sbit
