// Counts what is allocated. Included by one source file of a program: it replaces operator new.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace counted_memory {

inline std::atomic<size_t> bytes{0};  // since the program began
inline std::atomic<size_t> allocations{0};

inline void count(size_t size) {
  bytes.fetch_add(size);
  allocations.fetch_add(1);
}

inline void* take(size_t size) {
  count(size);
  return std::malloc(size ? size : 1);
}

}  // namespace counted_memory

// Not inlined: GCC would see free() of what came from new, and warn.
[[gnu::noinline]] void* operator new(size_t size) {
  void* memory = counted_memory::take(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept { return counted_memory::take(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  counted_memory::count(size);
  void* memory = nullptr;
  return posix_memalign(&memory, static_cast<size_t>(alignment), size) == 0 ? memory : nullptr;
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
