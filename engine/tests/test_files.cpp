// Every model file that was ever released still loads and gives what it gave then, on every instruction set; and every
// file that attacks the reader still meets what it met.
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "check.h"
#include "signbit/engine.hpp"

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;

constexpr size_t kMostBytes = size_t{1} << 24;  // of a session of an attack that loads
constexpr double kMostSeconds = 30;             // of an attack; they take milliseconds

// Element i is (37 i + 11) mod 256: pixels, or for float32 the same numbers.
Bytes input_of(const sbit::Tensor& tensor, size_t images) {
  Bytes bytes;
  for (size_t i = 0; i < images * tensor.elements(); ++i) {
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

Bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Bytes run(const sbit::Model& model, const sbit::SessionOptions& options, size_t images) {
  sbit::Session session(model, options);
  Bytes output(images * model.tensors()[model.output()].bytes());
  session.run(input_of(model.tensors()[model.input()], images).data(), images, output.data());
  return output;
}

void check_version(const fs::path& path) {
  try {
    const sbit::Model model = sbit::Model::load(path.string());
    const Bytes kept = read(fs::path(path).replace_extension(".output"));
    const size_t image_bytes = model.tensors()[model.output()].bytes(), images = kept.size() / image_bytes;
    check::that(images > 0 && kept.size() % image_bytes == 0, path.string() + ": its results are kept");
    for (const std::string& isa : sbit::supported_isas()) {
      sbit::SessionOptions options;
      options.isa = isa;
      check::that(run(model, options, images) == kept, path.string() + ": not the results that are kept, " + isa);
      options.threads = 2;
      options.batch = images;
      check::that(run(model, options, images) == kept, path.string() + ": nor with 2 threads, " + isa);
    }
  } catch (const sbit::Error& error) {
    check::that(false, path.string() + ": " + error.what());
  }
}

// What a file meets: a kind of error when it is loaded, `session_` and a kind when a session is made, or `loads`.
std::string fate(const fs::path& path) {
  std::string place;
  try {
    const sbit::Model model = sbit::Model::load(path.string());
    place = "session_";
    sbit::SessionOptions options;
    options.most_bytes = kMostBytes;
    run(model, options, 1);
    return "loads";
  } catch (const sbit::Error& error) {
    return place + sbit::name(error.kind());
  }
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// A file is named after its fate: op.a_kernel_of_no_height.sbit
void check_attack(const fs::path& path) {
  const std::string name = path.filename().string(), expected = name.substr(0, name.find('.'));
  const double begin = seconds();
  const std::string met = fate(path);
  check::that(met == expected, name + ": " + met);
  check::that(seconds() - begin < kMostSeconds, name + " takes too long");
}

template <class Check>
void each_file(const char* folder, size_t least, const Check& check_file) {
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(SIGNBIT_FILES) / folder)) {
    if (entry.path().extension() != ".sbit") continue;
    check_file(entry.path());
    ++files;
  }
  std::printf("%s: %zu model files\n", folder, files);
  check::that(files >= least, std::string(folder) + ": files are missing");
}

}  // namespace

int main() {
  each_file("versions", 9, check_version);
  each_file("attacks", 50, check_attack);
  return check::report("files");
}
