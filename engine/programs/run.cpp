// signbit-run: a model file on images, without Python.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "photo.h"
#include "signbit/engine.hpp"

namespace {

constexpr const char* kUsage =
    "usage: signbit-run MODEL [IMAGE...] [--top N] [--bench] [--threads N] [--isa NAME] [--output FILE]\n"
    "\n"
    "  MODEL          a model file (.sbit)\n"
    "  IMAGE          a PGM or PPM file (8 bits), resized as the model asks; or a raw file with the bytes of the\n"
    "                 model's input; - is the standard input\n"
    "  --top N        print so many classes (1)\n"
    "  --bench        time one image: the whole network, and each op\n"
    "  --threads N    threads, the calling one included (1)\n"
    "  --isa NAME     instruction set; without it SIGNBIT_ISA, else the best one here\n"
    "  --output FILE  write the results of all images as raw bytes\n"
    "  --version      print the version and the instruction sets\n"
    "\n"
    "example: djpeg photo.jpg | signbit-run network.sbit - --top 3\n";

struct Arguments {
  std::string model;
  std::vector<std::string> images;
  std::string output;
  size_t top = 1;
  bool bench = false;
  sbit::SessionOptions session;
};

struct UsageError {
  std::string message;
};

int positive(const std::string& option, const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*text == 0 || *end != 0 || value < 1 || value > 1000000) {
    throw UsageError{option + " is \"" + text + "\"; give a number of 1 or more"};
  }
  return static_cast<int>(value);
}

Arguments parse(int argc, char** argv) {
  Arguments given;
  bool options_end = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 >= argc) throw UsageError{word + " needs a value"};
      return argv[++i];
    };
    if (options_end || word == "-" || word[0] != '-') {
      if (given.model.empty()) given.model = word;
      else given.images.push_back(word);
    } else if (word == "--") {
      options_end = true;
    } else if (word == "--bench") {
      given.bench = true;
    } else if (word == "--top") {
      given.top = static_cast<size_t>(positive(word, value()));
    } else if (word == "--threads") {
      given.session.threads = positive(word, value());
    } else if (word == "--isa") {
      given.session.isa = value();
    } else if (word == "--output") {
      given.output = value();
    } else {
      throw UsageError{"there is no option " + word};
    }
  }
  if (given.model.empty()) throw UsageError{"no model file was given"};
  if (given.images.empty() && !given.bench) throw UsageError{"no image was given"};
  return given;
}

std::string read_file(const std::string& path) {
  const auto fail = [&] {
    throw sbit::Error(sbit::ErrorKind::io, "cannot read " + path + ": " + std::strerror(errno));
  };
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!file) fail();
  std::string content;
  char block[65536];
  for (size_t count; (count = std::fread(block, 1, sizeof block, file)) > 0;) content.append(block, count);
  const bool failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (failed) fail();
  return content;
}

// The bytes of the model's input.
std::vector<uint8_t> read_input(const std::string& path, const sbit::Model& model) {
  const sbit::Tensor& input = model.tensors()[model.input()];
  const std::string content = read_file(path);
  if (sbit::is_pnm(content)) {
    try {
      return sbit::prepare(sbit::read_pnm(content), input, model.preprocessing()).pixels;
    } catch (const sbit::Error& error) {
      throw sbit::Error(error.kind(), path + ": " + error.what());
    }
  }
  if (content.size() == input.bytes()) return {content.begin(), content.end()};
  throw sbit::Error(sbit::ErrorKind::input,
                    path + " is neither a PGM or PPM file nor the " + std::to_string(input.bytes()) +
                        " raw bytes of the model's input; djpeg and pngtopnm turn photos into PPM files");
}

class Results {
 public:
  explicit Results(const sbit::Model& model)
      : model_(model), tensor_(model.tensors()[model.output()]), bytes_(tensor_.bytes()) {}

  void* data() noexcept { return bytes_.data(); }
  const std::vector<uint8_t>& bytes() const noexcept { return bytes_; }

  void print_classes(const std::string& path, size_t top) const {
    std::vector<size_t> order(tensor_.elements());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return score(a) > score(b); });
    for (size_t i = 0; i < std::min(top, order.size()); ++i) {
      const std::string label = model_.labels().empty() ? std::to_string(order[i]) : std::string(model_.labels()[order[i]]);
      std::printf("%s\t%s\t%g\n", path.c_str(), label.c_str(), score(order[i]));
    }
  }

 private:
  double score(size_t i) const {
    if (tensor_.type == sbit::Type::float32) return reinterpret_cast<const float*>(bytes_.data())[i];
    return reinterpret_cast<const int32_t*>(bytes_.data())[i];
  }

  const sbit::Model& model_;
  const sbit::Tensor& tensor_;
  std::vector<uint8_t> bytes_;
};

// ---- timing ----

constexpr int kWarmUp = 20;
constexpr size_t kLeastRuns = 50;
constexpr std::chrono::seconds kLongest{2};

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

void bench(sbit::Session& session, const std::vector<uint8_t>& input, Results& results) {
  using Clock = std::chrono::steady_clock;
  const sbit::Model& model = session.model();
  const size_t ops = model.ops().size();
  std::vector<std::vector<double>> of_op(ops);
  std::vector<double> whole;
  std::vector<uint64_t> nanoseconds(ops);
  for (int i = 0; i < kWarmUp; ++i) session.run(input.data(), 1, results.data());
  const auto start = Clock::now();
  while (whole.size() < kLeastRuns || Clock::now() - start < kLongest) {
    const auto before = Clock::now();
    session.run(input.data(), 1, results.data());
    whole.push_back(std::chrono::duration<double, std::micro>(Clock::now() - before).count());
    std::fill(nanoseconds.begin(), nanoseconds.end(), 0);
    session.profile(input.data(), 1, results.data(), nanoseconds.data());
    for (size_t op = 0; op < ops; ++op) of_op[op].push_back(static_cast<double>(nanoseconds[op]) / 1e3);
  }
  std::printf("one image, %s, %d thread%s: median %.1f us (10 to 90 %%: %.1f to %.1f us) of %zu runs\n", session.isa(),
              session.threads(), session.threads() == 1 ? "" : "s", quantile(whole, 0.5), quantile(whole, 0.1),
              quantile(whole, 0.9), whole.size());
  double sum = 0;
  for (const auto& times : of_op) sum += quantile(times, 0.5);
  for (size_t op = 0; op < ops; ++op) {
    const double median = quantile(of_op[op], 0.5);
    std::printf("%4zu  %-12s %9.1f us %5.1f %%  %s\n", op, sbit::name(model.ops()[op].kind), median, 100 * median / sum,
                std::string(model.ops()[op].name).c_str());
  }
}

void run(const Arguments& given) {
  const sbit::Model model = sbit::Model::load(given.model);
  sbit::Session session(model, given.session);
  Results results(model);
  std::FILE* output = nullptr;
  if (!given.output.empty() && !(output = std::fopen(given.output.c_str(), "wb"))) {
    throw sbit::Error(sbit::ErrorKind::io, "cannot write " + given.output + ": " + std::strerror(errno));
  }
  std::vector<uint8_t> input(model.tensors()[model.input()].bytes());
  bool written = true;
  for (const std::string& path : given.images) {
    input = read_input(path, model);
    session.run(input.data(), 1, results.data());
    if (output) written &= std::fwrite(results.bytes().data(), results.bytes().size(), 1, output) == 1;
    else results.print_classes(path, given.top);
  }
  if (output && (std::fclose(output) != 0 || !written)) {
    throw sbit::Error(sbit::ErrorKind::io, "cannot write all of " + given.output);
  }
  if (given.bench) bench(session, input, results);
}

void print_version() {
  std::printf("signbit %s, instruction sets:", sbit::version());
  for (const std::string& isa : sbit::supported_isas()) std::printf(" %s", isa.c_str());
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 2 && !std::strcmp(argv[1], "--version")) {
      print_version();
    } else if (argc == 2 && (!std::strcmp(argv[1], "--help") || !std::strcmp(argv[1], "-h"))) {
      std::fputs(kUsage, stdout);
    } else {
      run(parse(argc, argv));
    }
    return 0;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "error: %s; see signbit-run --help\n", error.message.c_str());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
