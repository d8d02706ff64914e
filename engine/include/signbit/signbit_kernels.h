/* The kernels of signbit, in plain C, for those who bring their own tensors: pack signs, pack weights once, then convolve
 * or multiply signs with signs, with the result as integers, as scaled floats, or as the signs of the next layer.
 *
 * Stateless: every function works on its arguments alone, allocates nothing, keeps nothing and may be called from any
 * number of threads at once. To use several threads, share the images out; each thread has its own scratch.
 *
 * Every instruction set gives the same bits, floats included.
 *
 * Signs. A word is a uint64_t; bit i of word j is sign 64 j + i; a set bit is -1, a clear one +1. A row of n signs takes
 * signbit_words(n) words, and the bits past the last sign are zero, in what is given as in what is written.
 *
 * Images are [images][height][width][channels], channels last; of signs [images][height][width][signbit_words(channels)].
 * Buffers need the alignment of their elements; packed weights, packed thresholds and scratch 8 bytes, and 64 are faster. */
#ifndef SIGNBIT_SIGNBIT_KERNELS_H
#define SIGNBIT_SIGNBIT_KERNELS_H

#include "signbit/signbit.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- instruction sets ---- */

typedef struct signbit_isa signbit_isa;

/* By name ("scalar", "avx2", "avx512", "avx512vpopcntdq", "neon"), or for NULL the environment's SIGNBIT_ISA, else the
 * best that this processor can run. NULL, and the reason in error (which may be NULL), where it is unknown or cannot be
 * run here. The result is a constant: look it up once. */
SIGNBIT_API const signbit_isa* signbit_find_isa(const char* name, signbit_error* error);
SIGNBIT_API const char* signbit_isa_name(const signbit_isa* isa);

/* ---- signs ---- */

SIGNBIT_API size_t signbit_words(size_t signs); /* ceil(signs / 64) */

/* words[row][...] gets the signs of values[row][channels]: a set bit where `value >= 0` does not hold, so both zeros are
 * +1 and a NaN is -1. Bits past the last channel are zero. */
SIGNBIT_API void signbit_pack_signs(const signbit_isa* isa, const float* values, size_t rows, size_t channels,
                                    uint64_t* words);
/* values[row][channels] gets -1.0f and 1.0f. */
SIGNBIT_API void signbit_unpack_signs(const signbit_isa* isa, const uint64_t* words, size_t rows, size_t channels,
                                      float* values);

/* ---- convolution and product ---- */

/* A convolution of signs with signs. n = the sum of sign * weight over the taps of a pixel; a tap outside the image is
 * `padding_value`. The output has floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 pixels a side. */
typedef struct signbit_conv {
  uint32_t height, width, channels; /* of the input; channels up to 2^20, sides up to 65535 */
  uint32_t outputs;                 /* channels of the output, up to 2^20 */
  uint32_t kernel_height, kernel_width;     /* 1 to 255 */
  uint32_t stride_height, stride_width;     /* 1 to 255 */
  uint32_t padding_height, padding_width;   /* less than the dilated kernel */
  uint32_t dilation_height, dilation_width; /* 1 to 255 */
  uint32_t groups;                          /* divides channels and outputs */
  int32_t padding_value;                    /* 0, +1 or -1 */
} signbit_conv;

/* rows x inputs times inputs x outputs: a convolution of images of one pixel, where a row is an image. */
SIGNBIT_API signbit_conv signbit_product(uint32_t inputs, uint32_t outputs);

/* NULL, or what is wrong with it: a constant text. The functions below trust their arguments: ask once. */
SIGNBIT_API const char* signbit_conv_fault(const signbit_conv* conv);
SIGNBIT_API size_t signbit_conv_output_height(const signbit_conv* conv);
SIGNBIT_API size_t signbit_conv_output_width(const signbit_conv* conv);

/* weights: [outputs][kernel_height][kernel_width][signbit_words(channels / groups)], as in a model file. packed: of
 * signbit_conv_packed_bytes(conv), the same bytes on every processor of the same byte order, without addresses, so it
 * may be moved or stored; its layout is this library's own and may change with its version. */
SIGNBIT_API size_t signbit_conv_packed_bytes(const signbit_conv* conv);
SIGNBIT_API void signbit_conv_pack_weights(const signbit_conv* conv, const uint64_t* weights, void* packed);

/* What signbit_conv_int32, _float32 and _bits need to write to, for one call at a time. */
SIGNBIT_API size_t signbit_conv_scratch_bytes(const signbit_conv* conv);

/* output[image][y][x][outputs] = n */
SIGNBIT_API void signbit_conv_int32(const signbit_isa* isa, const signbit_conv* conv, const void* packed,
                                    const uint64_t* input, size_t images, int32_t* output, void* scratch);

/* output = (float)n * scale[channel] + bias[channel], the product rounded before the sum. scale and bias: [outputs], or
 * NULL for 1 and 0. */
SIGNBIT_API void signbit_conv_float32(const signbit_isa* isa, const signbit_conv* conv, const void* packed,
                                      const float* scale, const float* bias, const uint64_t* input, size_t images,
                                      float* output, void* scratch);

/* Thresholds: +1 where low <= n <= high, -1 elsewhere, and the other way round where the channel's bit of `inverted`
 * ([signbit_words(outputs)]) is set; low > high is never. A batch norm and the next sign fold into one of them for each
 * channel. packed: of signbit_thresholds_packed_bytes(outputs). */
SIGNBIT_API size_t signbit_thresholds_packed_bytes(size_t outputs);
SIGNBIT_API void signbit_thresholds_pack(size_t outputs, const int32_t* low, const int32_t* high,
                                         const uint64_t* inverted, void* packed);

/* output[image][y][x][signbit_words(outputs)]: the signs that the thresholds make of n; the integers are never stored. */
SIGNBIT_API void signbit_conv_bits(const signbit_isa* isa, const signbit_conv* conv, const void* packed,
                                   const void* thresholds, const uint64_t* input, size_t images, uint64_t* output,
                                   void* scratch);

#ifdef __cplusplus
}
#endif

#endif
