/* The kernels on one's own memory, without a model file: signs of activations times signs of weights, scaled. */
#include <signbit/signbit_kernels.h>
#include <stdio.h>
#include <stdlib.h>

enum { kRows = 7, kInputs = 200, kOutputs = 33 };

static void fill(float* values, size_t count, unsigned seed) {
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values[i] = (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
  }
}

static float sign(float value) { return value >= 0 ? 1.0f : -1.0f; }

int main(void) {
  static float activations[kRows * kInputs], weights[kOutputs * kInputs], scale[kOutputs], result[kRows * kOutputs];
  fill(activations, kRows * kInputs, 1);
  fill(weights, kOutputs * kInputs, 2);
  fill(scale, kOutputs, 3);

  signbit_error error;
  const signbit_isa* isa = signbit_find_isa(NULL, &error);
  if (!isa) {
    fprintf(stderr, "error: %s\n", error.message);
    return 1;
  }
  const signbit_conv product = signbit_product(kInputs, kOutputs);

  /* Once, when the weights are known. */
  uint64_t* weight_signs = malloc(kOutputs * signbit_words(kInputs) * sizeof(uint64_t));
  void* packed = malloc(signbit_conv_packed_bytes(&product));
  signbit_pack_signs(isa, weights, kOutputs, kInputs, weight_signs);
  signbit_conv_pack_weights(&product, weight_signs, packed);

  /* For each batch. */
  uint64_t* signs = malloc(kRows * signbit_words(kInputs) * sizeof(uint64_t));
  void* scratch = malloc(signbit_conv_scratch_bytes(&product));
  signbit_pack_signs(isa, activations, kRows, kInputs, signs);
  signbit_conv_float32(isa, &product, packed, scale, NULL, signs, kRows, result, scratch);

  int different = 0;
  for (int row = 0; row < kRows; ++row) {
    for (int output = 0; output < kOutputs; ++output) {
      float sum = 0;
      for (int i = 0; i < kInputs; ++i) sum += sign(activations[row * kInputs + i]) * sign(weights[output * kInputs + i]);
      different += result[row * kOutputs + output] != sum * scale[output];
    }
  }
  printf("%s: %d of %d results differ from the float loop\n", signbit_isa_name(isa), different, kRows * kOutputs);
  free(weight_signs);
  free(packed);
  free(signs);
  free(scratch);
  return different != 0;
}
