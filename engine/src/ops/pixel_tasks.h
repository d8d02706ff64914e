// Work that treats each pixel alone, shared out to the threads.
#pragma once

#include <algorithm>

#include "../graph.h"
#include "../thread_pool.h"

namespace sbit {

// Below this many elements a second thread costs more than it saves (waking takes about 2 us).
constexpr size_t kTaskElements = 8192;

// Calls body(first, last[, thread]) with ranges of pixels that cover all of them.
template <class Body>
void for_each_pixels(ThreadPool& pool, size_t pixels, size_t elements_a_pixel, const Body& body) noexcept {
  if (pixels == 0) return;
  const size_t most = std::max<size_t>(1, pixels * elements_a_pixel / kTaskElements);
  const size_t tasks = std::min({most, pixels, pool.threads() * 4});
  const size_t count = pool.threads() == 1 ? 1 : tasks;
  pool.for_each(count, [&](size_t task, size_t thread) {
    const size_t first = pixels * task / count, last = pixels * (task + 1) / count;
    if constexpr (std::is_invocable_v<const Body&, size_t, size_t, size_t>) {
      body(first, last, thread);
    } else {
      body(first, last);
    }
  });
}

}  // namespace sbit
