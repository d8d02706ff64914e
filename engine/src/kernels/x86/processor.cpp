// The bits are those of CPUID in Intel's manual, volume 2A. __builtin_cpu_supports would say the same, but clang-cl has
// no library that defines what it reads (LLVM issue 144630).
#include "processor.h"

#include <cpuid.h>

namespace sbit {
namespace kernels {
namespace {

constexpr unsigned bit(int i) { return 1u << i; }

// Leaf 1, ecx.
constexpr unsigned kFma = bit(12), kOsXsave = bit(27);
// Leaf 7, ebx and ecx.
constexpr unsigned kAvx2 = bit(5), kAvx512 = bit(16) | bit(17) | bit(30) | bit(31), kVpopcntdq = bit(14);
// Register files that the operating system saves: XMM and YMM; the masks, the upper halves and ZMM 16 to 31.
constexpr unsigned kYmm = bit(1) | bit(2), kZmm = kYmm | bit(5) | bit(6) | bit(7);

unsigned saved_registers() {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
#if defined(__APPLE__)
  if ((low & kYmm) == kYmm) low |= kZmm;  // macOS turns these on at a process's first AVX-512 instruction
#endif
  return low;
}

bool has(unsigned leaf7_ebx, unsigned leaf7_ecx, unsigned registers) {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return false;
  if ((ecx & kFma) == 0 || (ecx & kOsXsave) == 0 || (saved_registers() & registers) != registers) return false;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  return (ebx & leaf7_ebx) == leaf7_ebx && (ecx & leaf7_ecx) == leaf7_ecx;
}

}  // namespace

bool has_avx2() { return has(kAvx2, 0, kYmm); }
bool has_avx512() { return has(kAvx512, 0, kZmm); }
bool has_avx512_vpopcntdq() { return has(kAvx512, kVpopcntdq, kZmm); }

}  // namespace kernels
}  // namespace sbit
