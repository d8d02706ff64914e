// Every task once, on a thread that exists, whether the workers are awake or asleep.
#include <chrono>
#include <memory>
#include <thread>

#include "check.h"
#include "thread_pool.h"

namespace {

void run_jobs(size_t threads, int jobs, bool let_them_sleep) {
  sbit::ThreadPool pool(threads);
  check::that(pool.threads() == threads, "the number of threads");
  check::Random random;
  for (int job = 0; job < jobs; ++job) {
    const auto tasks = static_cast<size_t>(random.integer(0, 70));
    const auto runs = std::make_unique<std::atomic<int>[]>(tasks + 1);
    std::atomic<bool> thread_is_known{true};
    pool.for_each(tasks, [&](size_t task, size_t thread) {
      runs[task].fetch_add(1);
      if (thread >= threads) thread_is_known = false;
    });
    bool once = true;
    for (size_t task = 0; task < tasks; ++task) once = once && runs[task] == 1;
    check::that(once, "each task runs once, and is done when for_each returns");
    check::that(thread_is_known, "a thread's number is below their count");
    if (let_them_sleep) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// Two tasks on the same thread number at the same time would share that thread's scratch.
void threads_do_not_overlap() {
  constexpr size_t kThreads = 3;
  sbit::ThreadPool pool(kThreads);
  std::atomic<int> inside[kThreads] = {};
  std::atomic<int> overlaps{0};
  for (int job = 0; job < 300; ++job) {
    pool.for_each(12, [&](size_t, size_t thread) {
      if (inside[thread].fetch_add(1) != 0) overlaps.fetch_add(1);
      inside[thread].fetch_sub(1);
    });
  }
  check::that(overlaps == 0, "one thread number, one task at a time");
}

}  // namespace

int main() {
  for (const size_t threads : {1, 2, 3, 8}) {
    run_jobs(threads, 2000, false);
    run_jobs(threads, 100, true);
  }
  for (int i = 0; i < 200; ++i) sbit::ThreadPool unused(4);
  threads_do_not_overlap();
  return check::report("thread_pool");
}
