#include "list.h"

#include <algorithm>
#include <cstdlib>

#include "signbit/engine.hpp"

namespace sbit {
namespace kernels {

extern const Table kScalar;
#if defined(__x86_64__)
extern const Table kAvx2;
extern const Table kAvx512;
extern const Table kAvx512Vpopcntdq;
#elif defined(__aarch64__)
extern const Table kNeon;
#endif

const std::vector<const Table*>& all() {
  static const std::vector<const Table*> tables = [] {
    std::vector<const Table*> list = {
        &kScalar,
#if defined(__x86_64__)
        &kAvx2,
        &kAvx512,
        &kAvx512Vpopcntdq,
#elif defined(__aarch64__)
        &kNeon,
#endif
    };
    std::sort(list.begin(), list.end(), [](const Table* a, const Table* b) { return a->priority > b->priority; });
    return list;
  }();
  return tables;
}

const Table& choose(const std::string& isa) {
  std::string wanted = isa;
  const char* place = "isa";
  if (wanted.empty()) {
    const char* environment = std::getenv("SIGNBIT_ISA");
    if (environment) wanted = environment;
    place = "SIGNBIT_ISA";
  }
  std::string names;
  for (const Table* table : all()) {
    if (!table->supported()) continue;
    if (wanted.empty() || wanted == table->isa) return *table;
    names += (names.empty() ? "" : ", ") + std::string(table->isa);
  }
  throw Error(ErrorKind::isa, std::string(place) + " is \"" + wanted + "\"; this processor can run: " + names +
                                  ". Name one of these, or none to take the best");
}

}  // namespace kernels

namespace {

std::vector<std::string> names(bool supported_only) {
  std::vector<std::string> list;
  for (const kernels::Table* table : kernels::all()) {
    if (!supported_only || table->supported()) list.emplace_back(table->isa);
  }
  return list;
}

}  // namespace

std::vector<std::string> isas() { return names(false); }
std::vector<std::string> supported_isas() { return names(true); }

void pack_signs(const float* values, size_t count, uint64_t* words, const std::string& isa) {
  kernels::choose(isa).pack_signs(values, count, words);
}

}  // namespace sbit
