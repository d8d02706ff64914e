// Workers that are created once and share the tasks of one job at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace sbit {

class ThreadPool {
 public:
  // `threads` counts the calling thread: 1 means no workers. Throws std::system_error where a thread cannot be made.
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t threads() const noexcept { return workers_.size() + 1; }

  // Calls body(task, thread) once for each task below `tasks`; returns when all are done. thread < threads().
  template <class Body>
  void for_each(size_t tasks, const Body& body) noexcept {
    if (workers_.empty() || tasks < 2) {
      for (size_t task = 0; task < tasks; ++task) body(task, size_t{0});
      return;
    }
    start(
        tasks,
        [](const void* context, size_t task, size_t thread) { (*static_cast<const Body*>(context))(task, thread); },
        &body);
  }

 private:
  using Call = void (*)(const void* context, size_t task, size_t thread);

  void start(size_t tasks, Call call, const void* context) noexcept;
  bool run_one_task(size_t thread) noexcept;
  void work(size_t thread) noexcept;
  void wait_for_tasks() noexcept;
  void stop() noexcept;

  std::vector<std::thread> workers_;
  // High half: the number of the job; low half: tasks not yet taken. One word, so that a worker that comes late cannot
  // take a task of a job that it knows nothing of, and nobody waits for a worker that is still asleep.
  std::atomic<uint64_t> open_{0};
  std::atomic<size_t> done_{0};
  Call call_ = nullptr;
  const void* context_ = nullptr;
  std::atomic<int> asleep_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace sbit
