// A count of checks, and random numbers that are the same in every run.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#if defined(__SANITIZE_THREAD__)
#define SIGNBIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIGNBIT_TSAN 1
#endif
#endif

namespace check {

// ThreadSanitizer makes everything ten to fifty times as slow: what has one thread may then do less.
#if defined(SIGNBIT_TSAN)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

inline long checks = 0;
inline long failures = 0;
inline constexpr uint32_t kSeed = 20241;

inline void that(bool holds, const std::string& what) {
  ++checks;
  if (holds) return;
  if (++failures <= 20) std::printf("FAILED: %s\n", what.c_str());
}

// The test's exit code.
inline int report(const char* name) {
  std::printf("%s: %ld checks, %ld failed, seed %u\n", name, checks, failures, kSeed);
  return failures || !checks ? EXIT_FAILURE : EXIT_SUCCESS;
}

class Random {
 public:
  explicit Random(uint32_t seed = kSeed) : engine_(seed) {}
  uint64_t word() { return engine_(); }
  // least to most, both included
  int64_t integer(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(word() % static_cast<uint64_t>(most - least + 1));
  }
  bool coin(double share = 0.5) { return static_cast<double>(word() >> 11) * 0x1p-53 < share; }
  // Numbers of many sizes; one in ten is a zero, a denormal, an infinity, a huge number or a NaN.
  float awkward() {
    constexpr float kSpecial[] = {0.0f, -0.0f, 1e-45f, -1e-45f, 1e-39f, INFINITY, -INFINITY, 3e38f, -3e38f, NAN};
    if (coin(0.1)) return kSpecial[integer(0, 9)];
    const float size = static_cast<float>(integer(-1000, 1000)) / 100.0f;
    return coin(0.3) ? size * 1e-3f : size;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace check
