/* signbit.h from plain C: loads the file that has every op, runs it as its kept results say, meets every error. */
#include <signbit/signbit.h>
#include <signbit/signbit_kernels.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long checks = 0, failures = 0;

static void that(int holds, const char* what) {
  ++checks;
  if (holds) return;
  ++failures;
  printf("FAILED: %s\n", what);
}

static unsigned char* read_file(const char* path, size_t* bytes) {
  FILE* file = fopen(path, "rb");
  unsigned char* content = malloc(1 << 20);
  *bytes = 0;
  if (file && content) {
    *bytes = fread(content, 1, 1 << 20, file);
    fclose(file);
  }
  return content;
}

static void check_run(const signbit_model* model, const unsigned char* wanted, size_t bytes, const char* isa) {
  enum { kImages = 3 };
  signbit_options options = {2, 2, isa, 0};
  signbit_error error;
  signbit_session* session = signbit_session_new(model, &options, &error);
  const signbit_tensor input = signbit_model_input(model), output = signbit_model_output(model);
  unsigned char *pixels = malloc(kImages * input.bytes), *results = malloc(kImages * output.bytes);
  uint64_t nanoseconds[64] = {0};
  size_t i, image;
  that(session != NULL && error.kind == SIGNBIT_OK && error.message[0] == 0, "a session");
  that(!isa || !strcmp(signbit_session_isa(session), isa), "the instruction set that was asked for");
  for (i = 0; i < kImages * input.bytes; ++i) pixels[i] = (unsigned char)(i % input.bytes * 37 + 11);
  signbit_session_run(session, pixels, kImages, results);
  that(output.bytes == bytes, "the bytes of the output");
  for (image = 0; image < kImages; ++image) {
    that(!memcmp(results + image * output.bytes, wanted, bytes), "the results that are kept");
  }
  memset(results, 0, kImages * output.bytes);
  signbit_session_profile(session, pixels, 2, results, nanoseconds);
  that(!memcmp(results + output.bytes, wanted, bytes), "the same results while it is timed");
  for (i = 0; i < signbit_model_op_count(model); ++i) that(nanoseconds[i] > 0, "each op takes time");
  signbit_session_free(session);
  free(pixels);
  free(results);
}

static void check_model(const char* path, const unsigned char* wanted, size_t wanted_bytes) {
  signbit_error error;
  size_t bytes, i;
  unsigned char* content = read_file(path, &bytes);
  signbit_model* model = signbit_model_load(path, &error);
  signbit_model* copy = signbit_model_from_bytes(content, bytes, NULL);
  that(model && copy, "the model loads");
  if (!model || !copy) return;
  free(content);
  that(signbit_model_input(model).type == SIGNBIT_UINT8 && signbit_model_input(model).name != NULL, "the input");
  that(signbit_model_output(model).type == SIGNBIT_FLOAT32, "the output");
  that(signbit_model_label_count(model) == signbit_model_output(model).channels, "labels");
  that(signbit_model_label(model, 0) != NULL && !signbit_model_label(model, 1000), "a label, and none");
  that(!strcmp(signbit_model_metadata(model), "{\"by\": \"test\"}"), "the metadata");
  that(signbit_model_preprocessing(model).resize == 0, "nothing is said of photos");
  that(!strcmp(signbit_model_op(model, 0).kind, "integer_conv") && !signbit_model_op(model, 1000).kind, "ops");
  check_run(model, wanted, wanted_bytes, NULL);
  check_run(copy, wanted, wanted_bytes, "scalar");
  for (i = 0; i < 2; ++i) {
    signbit_options bad = {0, 0, NULL, 0};
    if (i) bad.threads = -1;
    else bad.batch = (size_t)1 << 40;
    that(!signbit_session_new(model, &bad, &error) && error.kind == SIGNBIT_ERROR_INPUT, "an option out of range");
  }
  {
    signbit_options unknown = {0, 0, "sse9", 0};
    that(!signbit_session_new(model, &unknown, &error) && error.kind == SIGNBIT_ERROR_ISA, "an unknown isa");
    that(strstr(error.message, "scalar") != NULL, "the message names those that there are");
  }
  {
    signbit_options small = {0, 0, NULL, 100};
    that(!signbit_session_new(model, &small, &error) && error.kind == SIGNBIT_ERROR_LIMIT, "a session of 100 bytes");
  }
  signbit_model_free(copy);
  signbit_model_free(model);
}

static void check_errors(void) {
  signbit_error error;
  that(!signbit_model_load("there is no such file", &error) && error.kind == SIGNBIT_ERROR_IO, "no file");
  that(strstr(error.message, "there is no such file") != NULL, "the message names the file");
  that(!signbit_model_load("there is no such file", NULL), "without a place for the error");
  that(!signbit_model_from_bytes("not a model at all", 18, &error) && error.kind != SIGNBIT_OK, "no model");
  that(!signbit_model_from_bytes(NULL, 0, &error) && error.kind == SIGNBIT_ERROR_NOT_A_MODEL, "nothing");
  signbit_model_free(NULL);
  signbit_session_free(NULL);
}

int main(void) {
  size_t bytes;
  unsigned char* wanted = read_file(SIGNBIT_FILES "/versions/v1_every_op.output", &bytes);
  that(signbit_api_version() == SIGNBIT_API_VERSION && strlen(signbit_version()) >= 5, "versions");
  check_model(SIGNBIT_FILES "/versions/v1_every_op.sbit", wanted, bytes);
  check_errors();
  free(wanted);
  printf("c_api: %ld checks, %ld failed\n", checks, failures);
  return failures || !checks ? EXIT_FAILURE : EXIT_SUCCESS;
}
