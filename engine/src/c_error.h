// What the C interfaces make of an exception.
#pragma once

#include <cstdio>
#include <new>

#include "signbit/engine.hpp"
#include "signbit/signbit.h"

namespace sbit {

inline void set_error(signbit_error* error, signbit_error_kind kind, const char* message) noexcept {
  if (!error) return;
  error->kind = kind;
  std::snprintf(error->message, sizeof error->message, "%s", message);
}

// SIGNBIT_OK is 0, and the kinds follow in the order of ErrorKind.
inline signbit_error_kind code(ErrorKind kind) noexcept { return static_cast<signbit_error_kind>(int(kind) + 1); }
static_assert(int(ErrorKind::io) + 1 == SIGNBIT_ERROR_IO && int(ErrorKind::input) + 1 == SIGNBIT_ERROR_INPUT);

// make()'s pointer, or null and the reason.
template <class Make>
auto or_null(signbit_error* error, const Make& make) noexcept -> decltype(make()) {
  set_error(error, SIGNBIT_OK, "");
  try {
    return make();
  } catch (const Error& thrown) {
    set_error(error, code(thrown.kind()), thrown.what());
  } catch (const std::bad_alloc&) {
    set_error(error, SIGNBIT_ERROR_LIMIT, "there is not enough memory");
  } catch (const std::exception& thrown) {
    set_error(error, SIGNBIT_ERROR_INPUT, thrown.what());
  }
  return nullptr;
}

}  // namespace sbit
