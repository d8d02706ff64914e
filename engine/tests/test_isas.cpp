// The machine ran what it should have: the instruction sets that are taken for supported are those that the operating
// system reports, each has code of its own, and an op calls the kernels that it was given and no others.
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "check.h"
#include "kernels/list.h"
#include "model_file.h"
#include "one_op_network.h"
#include "ops/op.h"
#include "signbit/engine.hpp"

#if defined(__linux__) && defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace {

using sbit::kernels::Table;
using write_model::Bytes;

// ---- an independent source ----

struct Needs {
  const char* isa;
  std::vector<const char*> flags;  // as /proc/cpuinfo has them
};

// What the operating system says that this processor can run, best first; empty where nobody knows.
std::vector<std::string> reported_isas() {
  std::vector<std::string> names;
#if defined(__linux__) && defined(__x86_64__)
  const Needs all[] = {
      {"avx512vpopcntdq", {"avx512f", "avx512bw", "avx512vl", "avx512dq", "fma", "avx512_vpopcntdq"}},
      {"avx512", {"avx512f", "avx512bw", "avx512vl", "avx512dq", "fma"}},
      {"avx2", {"avx2", "fma"}},
  };
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; flags.empty() && std::getline(file, line);) {
    if (line.rfind("flags", 0) != 0) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) flags.insert(word);
  }
  if (flags.empty()) return {};
  for (const Needs& needs : all) {
    const auto has = [&](const char* flag) { return flags.count(flag) != 0; };
    if (std::all_of(needs.flags.begin(), needs.flags.end(), has)) names.emplace_back(needs.isa);
  }
#elif defined(__linux__) && defined(__aarch64__)
  if (getauxval(AT_HWCAP) & HWCAP_ASIMD) names.emplace_back("neon");
#else
  return {};
#endif
  names.emplace_back("scalar");
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

void supported() {
  const std::vector<std::string> reported = reported_isas(), taken = sbit::supported_isas();
  std::printf("supported: %s\n", joined(taken).c_str());
  check::that(!taken.empty() && taken.back() == "scalar", "scalar is always there, and the last choice");
  if (reported.empty()) {
    std::printf("no independent source on this system: not compared\n");
    return;
  }
  check::that(taken == reported, "supported are " + joined(taken) + "; the system reports " + joined(reported));
}

// ---- what runs ----

std::vector<const void*> functions(const Table& table) {
  const auto address = [](auto function) { return reinterpret_cast<const void*>(function); };
  return {address(table.pack_signs),     address(table.unpack_signs), address(table.int32_to_float),
          address(table.uint8_to_float), address(table.binary_sums),  address(table.binary_signs),
          address(table.integer_sums),   address(table.float_sums),   address(table.threshold),
          address(table.pointwise),      address(table.pool_int32),   address(table.pool_float),
          address(table.pool_bits)};
}

// No instruction set shares a function with another: source may be shared (x86/avx512_shared.h), code may not.
void own_code() {
  std::set<const void*> seen;
  for (const Table* table : sbit::kernels::all()) {
    for (const void* function : functions(*table)) {
      check::that(function && seen.insert(function).second, std::string(table->isa) + " has its own function");
    }
  }
}

void names() {
  const Bytes file = write_model::small_network();
  const sbit::Model model = sbit::Model::from_bytes(file.data(), file.size());
  for (const std::string& isa : sbit::supported_isas()) {
    sbit::SessionOptions options;
    options.isa = isa;
    check::that(sbit::kernels::choose(isa).isa == isa, isa + " chooses its own table");
    check::that(sbit::Session(model, options).isa() == isa, "a session of " + isa + " says so");
  }
}

// A table that counts the calls and passes them on.
const Table* inner = nullptr;
long calls = 0;

template <auto Member, class... Arguments>
void counted(Arguments... arguments) {
  ++calls;
  (inner->*Member)(arguments...);
}

template <auto Member, class... Arguments>
void count(Table& table, void (*)(Arguments...)) {
  table.*Member = counted<Member, Arguments...>;
}

Table counting(const Table& table) {
  Table copy = table;
  inner = &table;
  count<&Table::pack_signs>(copy, copy.pack_signs);
  count<&Table::unpack_signs>(copy, copy.unpack_signs);
  count<&Table::int32_to_float>(copy, copy.int32_to_float);
  count<&Table::uint8_to_float>(copy, copy.uint8_to_float);
  count<&Table::binary_sums>(copy, copy.binary_sums);
  count<&Table::binary_signs>(copy, copy.binary_signs);
  count<&Table::integer_sums>(copy, copy.integer_sums);
  count<&Table::float_sums>(copy, copy.float_sums);
  count<&Table::threshold>(copy, copy.threshold);
  count<&Table::pointwise>(copy, copy.pointwise);
  count<&Table::pool_int32>(copy, copy.pool_int32);
  count<&Table::pool_float>(copy, copy.pool_float);
  count<&Table::pool_bits>(copy, copy.pool_bits);
  return copy;
}

// These move elements, and are the same for every instruction set.
bool has_no_kernel(sbit::OpKind kind) {
  return kind == sbit::OpKind::concat || kind == sbit::OpKind::flatten || kind == sbit::OpKind::lookup ||
         kind == sbit::OpKind::select;
}

void run_op(const sbit::Graph& graph, const sbit::Op& op, const Table& table) {
  const auto prepared = sbit::find_op(op.kind)->prepare(graph, op, table);
  std::vector<Bytes> buffers;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  buffers.reserve(op.inputs.size() + op.outputs.size());
  for (const uint32_t tensor : op.inputs) {
    inputs.push_back(buffers.emplace_back(graph.tensors[tensor].bytes()).data());
  }
  for (const uint32_t tensor : op.outputs) {
    outputs.push_back(buffers.emplace_back(graph.tensors[tensor].bytes()).data());
  }
  sbit::ThreadPool pool(1);
  const sbit::AlignedBytes scratch = sbit::allocate_aligned(prepared->scratch_bytes(), "a test");
  prepared->run({inputs.data(), outputs.data(), 1, pool, scratch.get(), prepared->scratch_bytes()});
}

void kernels_that_are_called() {
  const Bytes file = write_model::small_network();
  sbit::AlignedBytes content = sbit::allocate_aligned(file.size(), "a test");
  std::memcpy(content.get(), file.data(), file.size());
  const auto graph = sbit::read_model_file(std::move(content), file.size());
  for (const Table* table : sbit::kernels::all()) {
    if (!table->supported()) continue;
    const Table counted_table = counting(*table);
    for (const sbit::Op& op : graph->ops) {
      const long before = calls;
      run_op(*graph, op, counted_table);
      check::that((calls > before) != has_no_kernel(op.kind),
                  std::string(sbit::name(op.kind)) + " calls the kernels of " + table->isa);
    }
  }
}

}  // namespace

int main() {
  supported();
  own_code();
  names();
  kernels_that_are_called();
  return check::report("isas");
}
