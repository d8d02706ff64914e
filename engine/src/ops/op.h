// What every op of the engine offers: a check of its record, and a prepared form that runs.
#pragma once

#include <memory>

#include "../graph.h"
#include "../kernels/kernels.h"
#include "../thread_pool.h"

namespace sbit {

// One call of a prepared op. Buffers hold `images` x the tensor's bytes.
struct Call {
  const void* const* inputs;
  void* const* outputs;
  size_t images;
  ThreadPool& pool;
  uint8_t* scratch;      // scratch_bytes for each thread, 64-byte aligned
  size_t scratch_bytes;  // from one thread's part to the next one's

  template <class T>
  const T* input(size_t i = 0) const noexcept {
    return static_cast<const T*>(inputs[i]);
  }
  template <class T>
  T* output(size_t i = 0) const noexcept {
    return static_cast<T*>(outputs[i]);
  }
  uint8_t* scratch_of(size_t thread) const noexcept { return scratch + thread * scratch_bytes; }
};

class PreparedOp {
 public:
  virtual ~PreparedOp() = default;
  virtual size_t scratch_bytes() const noexcept { return 0; }  // for each thread
  virtual void run(const Call& call) const noexcept = 0;
};

// Throws Error (op) where the record does not fit the op's table in docs/file-format.md.
using Validate = void (*)(const Graph& graph, const Op& op);
// What preparing the op will allocate, known before it does; the object itself and a few bytes aside. Only for a
// validated op.
using PreparedBytes = size_t (*)(const Graph& graph, const Op& op);
// Packs the constants as the kernels want them. Only for a validated op.
using Prepare = std::unique_ptr<PreparedOp> (*)(const Graph& graph, const Op& op, const kernels::Table& kernels);

struct OpEntry {
  OpKind kind;
  const char* name;
  Validate validate;
  PreparedBytes prepared_bytes;
  Prepare prepare;
};

// nullptr for a code that docs/file-format.md does not have.
const OpEntry* find_op(OpKind kind) noexcept;

}  // namespace sbit
