/* signbit: run binary neural networks, in plain C.
 *
 *   signbit_error error;
 *   signbit_model* model = signbit_model_load("network.sbit", &error);
 *   signbit_session* session = model ? signbit_session_new(model, NULL, &error) : NULL;
 *   if (!session) fprintf(stderr, "%s\n", error.message);
 *   else signbit_session_run(session, images, count, scores);
 *
 * A model is immutable and may be shared by any number of threads. A session belongs to one thread at a time; it keeps
 * what it needs of its model, which may be freed before it. Only what takes a signbit_error can fail. There is no global
 * state, and nothing is printed. Text is UTF-8 and ends with a zero byte. C++ has signbit/engine.hpp, of which this is
 * the other face. */
#ifndef SIGNBIT_SIGNBIT_H
#define SIGNBIT_SIGNBIT_H

#include <stddef.h>
#include <stdint.h>

#if defined(SIGNBIT_SHARED) && defined(_WIN32)
#ifdef SIGNBIT_BUILDING
#define SIGNBIT_API __declspec(dllexport)
#else
#define SIGNBIT_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define SIGNBIT_API __attribute__((visibility("default")))
#else
#define SIGNBIT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Counted up when a function here changes or goes; new functions do not count. */
#define SIGNBIT_API_VERSION 1

SIGNBIT_API const char* signbit_version(void);    /* of the library, such as "0.1.0" */
SIGNBIT_API uint32_t signbit_api_version(void);   /* the SIGNBIT_API_VERSION it was built with */

/* The rows of the error table of docs/file-format.md, and what concerns a session. */
typedef enum signbit_error_kind {
  SIGNBIT_OK = 0,
  SIGNBIT_ERROR_IO = 1,          /* the file cannot be opened or read */
  SIGNBIT_ERROR_NOT_A_MODEL = 2, /* it does not begin like a model file */
  SIGNBIT_ERROR_VERSION = 3,     /* of another version than this library reads */
  SIGNBIT_ERROR_TRUNCATED = 4,   /* shorter than it says */
  SIGNBIT_ERROR_CHECKSUM = 5,    /* damaged */
  SIGNBIT_ERROR_LAYOUT = 6,
  SIGNBIT_ERROR_LIMIT = 7,       /* larger than is allowed, or than there is memory for */
  SIGNBIT_ERROR_RECORD = 8,
  SIGNBIT_ERROR_GRAPH = 9,
  SIGNBIT_ERROR_OP = 10,
  SIGNBIT_ERROR_ISA = 11,        /* an instruction set that is unknown, or that this processor cannot run */
  SIGNBIT_ERROR_INPUT = 12       /* an argument */
} signbit_error_kind;

/* The message says what was given, what is allowed and what to do; it is cut where it is longer. */
typedef struct signbit_error {
  signbit_error_kind kind;
  char message[508];
} signbit_error;

/* ---- models ---- */

typedef struct signbit_model signbit_model;

/* NULL where the file cannot be read or breaks a rule of docs/file-format.md. error may be NULL. */
SIGNBIT_API signbit_model* signbit_model_load(const char* path, signbit_error* error);
/* The same for a file that is in memory; the bytes are copied. */
SIGNBIT_API signbit_model* signbit_model_from_bytes(const void* bytes, size_t size, signbit_error* error);
SIGNBIT_API void signbit_model_free(signbit_model* model); /* NULL is allowed */

/* The codes of docs/file-format.md. */
typedef enum signbit_type {
  SIGNBIT_UINT8 = 1,
  SIGNBIT_INT32 = 3,
  SIGNBIT_FLOAT32 = 4,
  SIGNBIT_BITS = 5 /* 64 signs in a uint64_t, a set bit is -1; each pixel starts a new one */
} signbit_type;

/* An image of height x width x channels, channels last; a vector has height = width = 1. */
typedef struct signbit_tensor {
  const char* name; /* as long as the model lives */
  signbit_type type;
  uint32_t height, width, channels;
  size_t bytes; /* of one image */
} signbit_tensor;

SIGNBIT_API signbit_tensor signbit_model_input(const signbit_model* model);
SIGNBIT_API signbit_tensor signbit_model_output(const signbit_model* model);

SIGNBIT_API size_t signbit_model_label_count(const signbit_model* model); /* 0, or the output's channels */
SIGNBIT_API const char* signbit_model_label(const signbit_model* model, size_t i); /* NULL past the last one */
SIGNBIT_API const char* signbit_model_metadata(const signbit_model* model);        /* a JSON object, or "" */

/* How a photo becomes the pixels that the model reads; see docs/file-format.md. */
typedef struct signbit_preprocessing {
  uint32_t resize; /* the shorter side is scaled to this and the middle is cut out; 0: stretched to the input's size */
  uint32_t filter; /* 1 bilinear, 2 bicubic; 0: the file does not say, take bicubic */
} signbit_preprocessing;

SIGNBIT_API signbit_preprocessing signbit_model_preprocessing(const signbit_model* model);

typedef struct signbit_op {
  const char* kind; /* such as "binary_conv" */
  const char* name; /* of the module it was converted from, as long as the model lives */
} signbit_op;

SIGNBIT_API size_t signbit_model_op_count(const signbit_model* model);
SIGNBIT_API signbit_op signbit_model_op(const signbit_model* model, size_t i); /* zeros past the last one */

/* ---- sessions ---- */

typedef struct signbit_session signbit_session;

/* Zeros are the defaults. */
typedef struct signbit_options {
  int threads;     /* 1 to 256, the calling one included; 0: 1 */
  size_t batch;    /* images that go through the network together, 1 to 65536; 0: 1 */
  const char* isa; /* NULL: the environment's SIGNBIT_ISA, else the best that this processor can run */
  size_t most_bytes; /* what the session may allocate, more is refused before it is allocated; 0: 2^32 */
} signbit_options;

/* NULL where an option is not allowed or memory does not suffice. options and error may be NULL. */
SIGNBIT_API signbit_session* signbit_session_new(const signbit_model* model, const signbit_options* options,
                                                 signbit_error* error);
SIGNBIT_API void signbit_session_free(signbit_session* session); /* NULL is allowed */

/* Runs any number of images. input: images x the bytes of the input tensor; output: the same of the output tensor.
 * Cannot fail, allocates nothing. */
SIGNBIT_API void signbit_session_run(signbit_session* session, const void* input, size_t images, void* output);

/* Runs at most `batch` images, and adds the nanoseconds of each op to nanoseconds[op]. */
SIGNBIT_API void signbit_session_profile(signbit_session* session, const void* input, size_t images, void* output,
                                         uint64_t* nanoseconds);

SIGNBIT_API const char* signbit_session_isa(const signbit_session* session);

#ifdef __cplusplus
}
#endif

#endif
