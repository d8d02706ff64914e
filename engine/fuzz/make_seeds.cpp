// The files that the fuzzer begins with: every op, in many shapes. Usage: make_seeds FOLDER
#include <filesystem>
#include <fstream>

#include "../tests/one_op_network.h"

// The fuzzer is quicker with small files, and does not read larger ones (-max_len).
constexpr size_t kMostBytes = 16384;

int main(int count, char** arguments) {
  if (count != 2) return std::fprintf(stderr, "usage: make_seeds FOLDER\n"), EXIT_FAILURE;
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& name, const write_model::Bytes& file) {
    if (file.size() > kMostBytes) return;
    std::ofstream(folder / name, std::ios::binary).write(reinterpret_cast<const char*>(file.data()), long(file.size()));
  };
  check::Random random;
  for (uint32_t i = 0; i < 3; ++i) write("every_op_" + std::to_string(i), write_model::small_network(i));
  for (const sbit::OpKind kind : write_model::kAllOps) {
    for (int i = 0; i < 25; ++i) {
      write(std::string(sbit::name(kind)) + "_" + std::to_string(i), write_model::OneOpNetwork(random).around(kind));
    }
  }
  return EXIT_SUCCESS;
}
