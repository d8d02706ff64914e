// Many threads: sessions of one model side by side, one session with many threads, and threads that sleep where there
// is nothing to do. ThreadSanitizer runs this too (make test-tsan).
#include <time.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "check.h"
#include "one_op_network.h"
#include "signbit/engine.hpp"

namespace {

using write_model::Bytes;

constexpr int kThreads = 8;
constexpr size_t kImages = 16;
constexpr int kPredictions = check::kThreadSanitizer ? 1000 : 10000;

struct Network {
  sbit::Model model;
  size_t input_bytes, output_bytes;
  Bytes input;     // kImages of them
  Bytes expected;  // one thread's, with the scalar kernels

  explicit Network(const Bytes& file)
      : model(sbit::Model::from_bytes(file.data(), file.size())),
        input_bytes(model.tensors()[model.input()].bytes()),
        output_bytes(model.tensors()[model.output()].bytes()),
        input(kImages * input_bytes),
        expected(kImages * output_bytes) {
    check::Random random;
    for (uint8_t& pixel : input) pixel = static_cast<uint8_t>(random.word());
    sbit::SessionOptions options;
    options.isa = "scalar";
    sbit::Session(model, options).run(input.data(), kImages, expected.data());
  }

  // How many of so many predictions, image after image, are not what they should be.
  int wrong(sbit::Session& session, int predictions) const {
    Bytes output(output_bytes);
    int count = 0;
    for (int i = 0; i < predictions; ++i) {
      const size_t image = static_cast<size_t>(i) % kImages;
      session.run(input.data() + image * input_bytes, 1, output.data());
      count += std::memcmp(output.data(), expected.data() + image * output_bytes, output_bytes) != 0;
    }
    return count;
  }
};

template <class Body>
void on_threads(int threads, const Body& body) {
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread) all.emplace_back([&body, thread] { body(thread); });
  for (std::thread& thread : all) thread.join();
}

sbit::SessionOptions options_of(int thread) {
  const std::vector<std::string> isas = sbit::supported_isas();
  sbit::SessionOptions options;
  options.isa = isas[static_cast<size_t>(thread) % isas.size()];
  return options;
}

// Each thread with a session of its own; the instruction sets take turns.
void one_model(const Network& network) {
  std::atomic<int> wrong{0};
  on_threads(kThreads, [&](int thread) {
    sbit::Session session(network.model, options_of(thread));
    wrong += network.wrong(session, kPredictions);
  });
  check::that(wrong == 0, std::to_string(wrong) + " of 8 times " + std::to_string(kPredictions) + " predictions");
  std::printf("8 threads, one model, %d predictions each\n", kPredictions);
}

void one_session(const Network& network) {
  for (const int threads : {2, 3, 8}) {
    sbit::SessionOptions options;
    options.threads = threads;
    options.batch = 4;
    sbit::Session session(network.model, options);
    check::that(session.threads() == threads, "the number of threads");
    check::that(network.wrong(session, 200) == 0, "one image at a time, on " + std::to_string(threads) + " threads");
    Bytes output(network.expected.size());
    session.run(network.input.data(), kImages, output.data());
    check::that(output == network.expected, "many images, on " + std::to_string(threads) + " threads");
  }
}

// Made, used, left alone and destroyed while others are; models too.
void sessions_come_and_go(const Network& network, const Bytes& file) {
  std::atomic<int> wrong{0};
  on_threads(kThreads, [&](int thread) {
    for (int i = 0; i < 40; ++i) {
      sbit::SessionOptions options = options_of(thread + i);
      options.threads = 1 + (thread + i) % 3;
      const sbit::Model own = sbit::Model::from_bytes(file.data(), file.size());
      sbit::Session session(i % 2 ? own : network.model, options);
      if (i % 3) wrong += network.wrong(session, 3);
      if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));  // its workers fall asleep
      sbit::Session moved = std::move(session);
      wrong += network.wrong(moved, 1);
    }
  });
  check::that(wrong == 0, "sessions that come and go");
}

double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Workers spin for 50 microseconds, then sleep. Counted is the processor time of this process, so that it does not
// matter what else the machine does: seven threads that spin would take up to 1.4 s, and no less than one processor's
// 200 ms as far as they get one.
void idle_threads_sleep(const Network& network) {
  sbit::SessionOptions options;
  options.threads = kThreads;
  sbit::Session session(network.model, options);
  check::that(network.wrong(session, 100) == 0, "a session with threads");
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const double begin = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double idle = cpu_seconds() - begin;
  std::printf("idle for 200 ms with %d threads: %.3f ms of processor time\n", kThreads, idle * 1e3);
  check::that(idle < 0.02, "threads sleep where there is nothing to do");
  check::that(network.wrong(session, 100) == 0, "and wake up again");
}

}  // namespace

int main() {
  const Bytes file = write_model::small_network();
  const Network network(file);
  one_model(network);
  one_session(network);
  sessions_come_and_go(network, file);
  idle_threads_sleep(network);
  return check::report("threads");
}
