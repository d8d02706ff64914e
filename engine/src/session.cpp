// Runs a model: which buffer each tensor lives in, and the ops one after another.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "kernels/list.h"
#include "memory_plan.h"
#include "model_file.h"
#include "ops/op.h"
#include "thread_pool.h"

namespace sbit {
namespace {

constexpr int kMostThreads = 256;
constexpr size_t kMostBatch = 65536;
constexpr size_t kOpBytes = 512;  // more than any prepared op's object

void check(const SessionOptions& options) {
  if (options.threads < 1 || options.threads > kMostThreads) {
    throw Error(ErrorKind::input, "threads is " + std::to_string(options.threads) + "; allowed are 1 to 256");
  }
  if (options.batch < 1 || options.batch > kMostBatch) {
    throw Error(ErrorKind::input, "batch is " + std::to_string(options.batch) + "; allowed are 1 to 65536");
  }
}

size_t threads_of(const SessionOptions& options) {
  check(options);
  return static_cast<size_t>(options.threads);
}

// What the ops will allocate, each with its object.
size_t prepared_bytes(const Graph& graph) {
  size_t bytes = 0;
  for (const Op& op : graph.ops) bytes += kOpBytes + find_op(op.kind)->prepared_bytes(graph, op);
  return bytes;
}

// Asked before there is memory for them.
void check_bytes(size_t bytes, const SessionOptions& options) {
  if (bytes <= options.most_bytes) return;
  throw Error(ErrorKind::limit, "the session takes " + std::to_string(bytes) + " bytes or more, and most_bytes is " +
                                    std::to_string(options.most_bytes) +
                                    "; a smaller batch or fewer threads take less, or allow more");
}

}  // namespace

struct Session::State {
  State(const Model& given, const SessionOptions& options)
      : model(given),
        graph(*model.graph_),
        pool(threads_of(options)),
        kernels(kernels::choose(options.isa)),
        batch(options.batch) {
    const MemoryPlan plan = plan_memory(graph, batch);
    size_t bytes = prepared_bytes(graph) + plan.bytes;
    check_bytes(bytes, options);
    for (const Op& op : graph.ops) {
      ops.push_back(find_op(op.kind)->prepare(graph, op, kernels));
      scratch_bytes = std::max(scratch_bytes, round_up(ops.back()->scratch_bytes(), 64));
      most_tensors = std::max({most_tensors, op.inputs.size(), op.outputs.size()});
    }
    bytes += scratch_bytes * pool.threads();
    check_bytes(bytes, options);
    arena_bytes = plan.bytes;
    arena = allocate_aligned(plan.bytes, "the tensors of a session; a smaller batch takes less");
    scratch = allocate_aligned(scratch_bytes * pool.threads(), "the scratch of a session; fewer threads take less");
    for (const size_t offset : plan.offsets) tensors.push_back(arena.get() + offset);
    inputs.resize(most_tensors);
    outputs.resize(most_tensors);
  }

  void run_op(size_t i, const void* const* op_inputs, size_t images, void* const* op_outputs) noexcept {
    ops[i]->run({op_inputs, op_outputs, images, pool, scratch.get(), scratch_bytes});
  }

  // Runs the network on tensors[...], which includes its input and its output; after_op(i) is called after op i.
  template <class AfterOp>
  void run_all(size_t images, void* const* places, const AfterOp& after_op) noexcept {
    for (size_t i = 0; i < ops.size(); ++i) {
      const Op& op = graph.ops[i];
      for (size_t k = 0; k < op.inputs.size(); ++k) inputs[k] = places[op.inputs[k]];
      for (size_t k = 0; k < op.outputs.size(); ++k) outputs[k] = places[op.outputs[k]];
      run_op(i, inputs.data(), images, outputs.data());
      after_op(i);
    }
  }
  void run_all(size_t images, void* const* places) noexcept {
    run_all(images, places, [](size_t) {});
  }

  // The caller's memory serves as these two tensors; no op writes to the input.
  void take_ends(const void* input, void* output) noexcept {
    tensors[graph.input] = const_cast<void*>(input);
    tensors[graph.output] = output;
  }

  Model model;
  const Graph& graph;
  ThreadPool pool;
  const kernels::Table& kernels;
  size_t batch;
  std::vector<std::unique_ptr<PreparedOp>> ops;
  size_t scratch_bytes = 0;  // for each thread
  size_t most_tensors = 0;
  size_t arena_bytes = 0;
  AlignedBytes arena;
  AlignedBytes scratch;
  std::vector<void*> tensors;
  std::vector<const void*> inputs;  // of the op that runs
  std::vector<void*> outputs;
};

Session::Session(const Model& model, const SessionOptions& options) {
  try {
    state_ = std::make_unique<State>(model, options);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::limit, "not enough memory to prepare the model's constants");
  } catch (const std::system_error&) {
    throw Error(ErrorKind::input, "the system refuses " + std::to_string(options.threads) + " threads; ask for fewer");
  }
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

void Session::run(const void* input, size_t images, void* output) noexcept {
  State& state = *state_;
  const size_t input_bytes = state.graph.tensors[state.graph.input].bytes();
  const size_t output_bytes = state.graph.tensors[state.graph.output].bytes();
  for (size_t first = 0; first < images; first += state.batch) {
    state.take_ends(static_cast<const uint8_t*>(input) + first * input_bytes,
                    static_cast<uint8_t*>(output) + first * output_bytes);
    state.run_all(std::min(state.batch, images - first), state.tensors.data());
  }
}

void Session::profile(const void* input, size_t images, void* output, uint64_t* nanoseconds) noexcept {
  using Clock = std::chrono::steady_clock;
  State& state = *state_;
  state.take_ends(input, output);
  auto last = Clock::now();
  state.run_all(std::min(state.batch, images), state.tensors.data(), [&](size_t op) {
    const auto now = Clock::now();
    nanoseconds[op] += static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now - last).count());
    last = now;
  });
}

void Session::run_op(size_t op, const void* const* inputs, size_t images, void* const* outputs) noexcept {
  state_->run_op(op, inputs, images, outputs);
}

void Session::trace(size_t images, void* const* tensors) noexcept { state_->run_all(images, tensors); }

const Model& Session::model() const noexcept { return state_->model; }
const char* Session::isa() const noexcept { return state_->kernels.isa; }
int Session::threads() const noexcept { return static_cast<int>(state_->pool.threads()); }
size_t Session::batch() const noexcept { return state_->batch; }
size_t Session::arena_bytes() const noexcept { return state_->arena_bytes; }

}  // namespace sbit
