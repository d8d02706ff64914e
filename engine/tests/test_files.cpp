// Every model file that was ever released still loads, and gives what it gave then.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "check.h"
#include "signbit/engine.hpp"

namespace {

namespace fs = std::filesystem;

// The input of which a file's results are kept beside it: pixels, or for float32 the same numbers.
std::vector<uint8_t> input_of(const sbit::Tensor& tensor) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < tensor.elements(); ++i) {
    const auto pixel = static_cast<uint8_t>(i * 37 + 11);
    const float real = pixel;
    const auto* from = reinterpret_cast<const uint8_t*>(&real);
    if (tensor.type == sbit::Type::uint8) {
      bytes.push_back(pixel);
    } else {
      bytes.insert(bytes.end(), from, from + sizeof(float));
    }
  }
  return bytes;
}

std::vector<uint8_t> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void load_and_run(const fs::path& path) {
  try {
    const sbit::Model model = sbit::Model::load(path.string());
    sbit::Session session(model);
    std::vector<uint8_t> output(model.tensors()[model.output()].bytes());
    session.run(input_of(model.tensors()[model.input()]).data(), 1, output.data());
    check::that(true, path.string());
    const fs::path kept = fs::path(path).replace_extension(".output");
    if (fs::exists(kept)) check::that(output == read(kept), path.string() + ": not the results that are kept");
  } catch (const sbit::Error& error) {
    check::that(false, path.string() + ": " + error.what());
  }
}

}  // namespace

int main() {
  long files = 0;
  if (fs::is_directory(SIGNBIT_FILES)) {
    for (const auto& entry : fs::directory_iterator(SIGNBIT_FILES)) {
      if (entry.path().extension() != ".sbit") continue;
      load_and_run(entry.path());
      ++files;
    }
  }
  std::printf("%ld model files in " SIGNBIT_FILES "\n", files);
  check::that(files > 0, "there is at least one file");
  return check::report("files");
}
