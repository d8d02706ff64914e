// Loads a model file and classifies one image: classify MODEL [RAW_PIXELS]
#include <signbit/engine.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: classify MODEL [RAW_PIXELS]\n");
    return 2;
  }
  try {
    const sbit::Model model = sbit::Model::load(argv[1]);
    const sbit::Tensor& input = model.tensors()[model.input()];
    const sbit::Tensor& output = model.tensors()[model.output()];
    if (output.type != sbit::Type::float32) {
      std::fprintf(stderr, "the model gives no float scores\n");
      return 1;
    }

    std::vector<char> pixels(input.bytes());  // height x width x channels; black without a file
    if (argc > 2) {
      std::ifstream file(argv[2], std::ios::binary);
      if (!file.read(pixels.data(), static_cast<std::streamsize>(pixels.size()))) {
        std::fprintf(stderr, "%s does not have the %zu bytes of an image\n", argv[2], pixels.size());
        return 1;
      }
    }

    sbit::Session session(model);  // once; the calls below allocate nothing
    std::vector<float> scores(output.elements());
    session.run(pixels.data(), 1, scores.data());

    const size_t best = static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    const std::string label = model.labels().empty() ? std::to_string(best) : std::string(model.labels()[best]);
    std::printf("%s: %g (%s)\n", label.c_str(), scores[best], session.isa());
    return 0;
  } catch (const sbit::Error& error) {  // a file that cannot be read, an instruction set that is not there
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
