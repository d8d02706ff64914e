#include "thread_pool.h"

#include <chrono>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sbit {
namespace {

constexpr uint64_t kTasksLeft = 0xFFFFFFFFu;

// The next op of a network comes within microseconds, and waking a sleeping thread takes about 50 of them: a worker
// waits this long before it sleeps.
constexpr std::chrono::microseconds kSpin{50};

void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

ThreadPool::ThreadPool(size_t threads) {
  workers_.reserve(threads - 1);
  try {
    for (size_t thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { work(thread); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_.store(true);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::start(size_t tasks, Call call, const void* context) noexcept {
  call_ = call;
  context_ = context;
  done_.store(0, std::memory_order_relaxed);
  const uint64_t job = (open_.load(std::memory_order_relaxed) >> 32) + 1;
  open_.store(job << 32 | tasks);
  if (asleep_.load() > 0) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
    }
    wake_.notify_all();
  }
  while (run_one_task(0)) {
  }
  for (int turns = 0; done_.load(std::memory_order_acquire) != tasks; ++turns) {
    // A worker may have lost its processor in the middle of a task.
    if (turns < 4096) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

bool ThreadPool::run_one_task(size_t thread) noexcept {
  uint64_t open = open_.load(std::memory_order_acquire);
  do {
    if ((open & kTasksLeft) == 0) return false;
  } while (!open_.compare_exchange_weak(open, open - 1, std::memory_order_acq_rel, std::memory_order_acquire));
  // The task is ours, so the job cannot end, and its fields cannot change, before done_ counts it.
  call_(context_, (open & kTasksLeft) - 1, thread);
  done_.fetch_add(1, std::memory_order_release);
  return true;
}

void ThreadPool::work(size_t thread) noexcept {
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (!run_one_task(thread)) wait_for_tasks();
  }
}

void ThreadPool::wait_for_tasks() noexcept {
  const auto due = [this] { return (open_.load() & kTasksLeft) != 0 || stopping_.load(); };
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 64; ++i) {
      if (due()) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() - start < kSpin);
  std::unique_lock<std::mutex> lock(mutex_);
  asleep_.fetch_add(1);
  wake_.wait(lock, due);
  asleep_.fetch_sub(1);
}

}  // namespace sbit
