// Instruction sets that both the processor has and its operating system saves the registers of; runs everywhere.
#pragma once

namespace sbit {
namespace kernels {

bool has_avx2();              // AVX2 and FMA
bool has_avx512();            // AVX-512 F, BW, VL and DQ, and FMA
bool has_avx512_vpopcntdq();  // these and VPOPCNTDQ

}  // namespace kernels
}  // namespace sbit
