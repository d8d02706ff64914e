// The module signbit.engine._native: the engine's classes on raw buffers. Shapes and types are checked by the Python
// face (src/signbit/engine); here only that every buffer has the bytes that the engine will touch.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "signbit/engine.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using InBuffer = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using OutBuffer = nb::ndarray<nb::c_contig, nb::device::cpu>;

// Raises the Python class that goes with the kind of error.
void raise_error(const sbit::Error& error) {
  const nb::object errors = nb::module_::import_("signbit.errors");
  switch (error.kind()) {
    case sbit::ErrorKind::input: PyErr_SetString(PyExc_ValueError, error.what()); return;
    case sbit::ErrorKind::isa: PyErr_SetString(errors.attr("IsaError").ptr(), error.what()); return;
    default: {
      const nb::object type = errors.attr("ModelFileError");
      PyErr_SetObject(type.ptr(), type(error.what(), sbit::name(error.kind())).ptr());
    }
  }
}

template <class Array>
void check_bytes(const Array& array, size_t bytes, const char* what) {
  if (array.nbytes() == bytes) return;
  throw nb::value_error(
      (std::string(what) + " has " + std::to_string(array.nbytes()) + " bytes; it must have " + std::to_string(bytes))
          .c_str());
}

// A session and the lock that lets it be called from several Python threads, one after the other.
class LockedSession {
 public:
  LockedSession(const sbit::Model& model, int threads, const std::string& isa, size_t batch, size_t most_bytes)
      : session_(model, options(threads, isa, batch, most_bytes)) {}

  void run(const InBuffer& input, size_t images, const OutBuffer& output) {
    const sbit::Model& model = session_.model();
    check_bytes(input, images * model.tensors()[model.input()].bytes(), "input");
    check_bytes(output, images * model.tensors()[model.output()].bytes(), "output");
    const void* from = input.data();
    void* to = output.data();
    const nb::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(mutex_);
    session_.run(from, images, to);
  }

  // Nanoseconds of each op, of at most `batch` images.
  std::vector<uint64_t> profile(const InBuffer& input, size_t images) {
    const sbit::Model& model = session_.model();
    if (images > session_.batch()) throw nb::value_error("more images than the session's batch");
    check_bytes(input, images * model.tensors()[model.input()].bytes(), "input");
    std::vector<uint8_t> output(images * model.tensors()[model.output()].bytes());
    std::vector<uint64_t> nanoseconds(model.ops().size());
    const void* from = input.data();
    const nb::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(mutex_);
    session_.profile(from, images, output.data(), nanoseconds.data());
    return nanoseconds;
  }

  void run_op(size_t i, const std::vector<InBuffer>& inputs, size_t images, const std::vector<OutBuffer>& outputs) {
    const sbit::Model& model = session_.model();
    if (i >= model.ops().size()) throw nb::index_error("there is no op of that number");
    const sbit::Op& op = model.ops()[i];
    const std::vector<const void*> from = addresses<const void*>(inputs, op.inputs, images);
    const std::vector<void*> to = addresses<void*>(outputs, op.outputs, images);
    const nb::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(mutex_);
    session_.run_op(i, from.data(), images, to.data());
  }

  void trace(size_t images, const std::vector<OutBuffer>& tensors) {
    std::vector<uint32_t> all(session_.model().tensors().size());
    for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    const std::vector<void*> places = addresses<void*>(tensors, {all.data(), all.size()}, images);
    const nb::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(mutex_);
    session_.trace(images, places.data());
  }

  const sbit::Session& session() const noexcept { return session_; }

 private:
  static sbit::SessionOptions options(int threads, const std::string& isa, size_t batch, size_t most_bytes) {
    sbit::SessionOptions given;
    given.threads = threads;
    given.isa = isa;
    given.batch = batch;
    given.most_bytes = most_bytes;
    return given;
  }

  template <class Pointer, class Array>
  std::vector<Pointer> addresses(const std::vector<Array>& arrays, const sbit::View<uint32_t>& tensors,
                                 size_t images) const {
    if (arrays.size() != tensors.size()) throw nb::value_error("one array is needed for each tensor");
    std::vector<Pointer> places;
    for (size_t i = 0; i < arrays.size(); ++i) {
      const sbit::Tensor& tensor = session_.model().tensors()[tensors[i]];
      check_bytes(arrays[i], images * tensor.bytes(), std::string(tensor.name).c_str());
      places.push_back(arrays[i].data());
    }
    return places;
  }

  sbit::Session session_;
  std::mutex mutex_;
};

template <class T>
std::vector<T> list(const sbit::View<T>& view) {
  return {view.begin(), view.end()};
}

nb::tuple tensor_record(const sbit::Tensor& tensor) {
  return nb::make_tuple(tensor.name, sbit::name(tensor.type), tensor.height, tensor.width, tensor.channels);
}

nb::tuple op_record(const sbit::Op& op) {
  return nb::make_tuple(sbit::name(op.kind), op.name, list(op.inputs), list(op.outputs), list(op.constants),
                        list(op.attributes));
}

nb::tuple constant_record(const sbit::Constant& constant) {
  return nb::make_tuple(sbit::name(constant.type), nb::bytes(constant.data, constant.bytes));
}

// Any shape: the values in their order in memory.
nb::ndarray<nb::numpy, uint64_t, nb::ndim<1>> pack_signs(
    const nb::ndarray<const float, nb::c_contig, nb::device::cpu>& values, const std::string& isa) {
  const size_t words = (values.size() + 63) / 64;
  auto packed = std::make_unique<uint64_t[]>(words);
  sbit::pack_signs(values.data(), values.size(), packed.get(), isa);
  const nb::capsule owner(packed.get(), [](void* memory) noexcept { delete[] static_cast<uint64_t*>(memory); });
  return nb::ndarray<nb::numpy, uint64_t, nb::ndim<1>>(packed.release(), {words}, owner);
}

// Cycles a second, by a chain of additions each of which waits for the one before: one cycle on every processor. The
// best of several, because others may run too; 0 where the compiler has no way to keep the chain.
double clock_hertz() {
#if defined(__GNUC__)
  constexpr uint64_t kAdditions = 1 << 20;
  double best = 0;
  for (int round = 0; round < 20; ++round) {
    uint64_t sum = 0, step = 3;
    const auto start = std::chrono::steady_clock::now();
    for (uint64_t i = 0; i < kAdditions / 16; ++i) {
      for (int k = 0; k < 16; ++k) {
        sum += step;
        asm volatile("" : "+r"(sum), "+r"(step));
      }
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, double(kAdditions) / taken.count());
  }
  return best;
#else
  return 0;
#endif
}

void define_model(nb::module_& module) {
  // Signatures are written out where nanobind's own say nothing of the elements: the stub is checked with mypy
  // --strict.
  nb::class_<sbit::Model>(module, "Model", "An immutable network, read from a model file.")
      .def_static("load", &sbit::Model::load, "path"_a, nb::call_guard<nb::gil_scoped_release>())
      .def_static(
          "from_bytes", [](const nb::bytes& b) { return sbit::Model::from_bytes(b.data(), b.size()); }, "content"_a)
      .def_prop_ro(
          "tensors",
          [](const sbit::Model& model) {
            nb::list records;
            for (const sbit::Tensor& tensor : model.tensors()) records.append(tensor_record(tensor));
            return records;
          },
          nb::sig("def tensors(self) -> list[tuple[str, str, int, int, int]]"))
      .def_prop_ro(
          "ops",
          [](const sbit::Model& model) {
            nb::list records;
            for (const sbit::Op& op : model.ops()) records.append(op_record(op));
            return records;
          },
          nb::sig("def ops(self) -> list[tuple[str, str, list[int], list[int], list[int], list[int]]]"))
      .def(
          "constant",
          [](const sbit::Model& model, size_t i) {
            if (i >= model.constants().size()) throw nb::index_error("there is no constant of that number");
            return constant_record(model.constants()[i]);
          },
          nb::sig("def constant(self, i: int) -> tuple[str, bytes]"), "i"_a, "Its type and its bytes.")
      .def_prop_ro("labels", [](const sbit::Model& model) { return model.labels(); })
      .def_prop_ro("metadata", [](const sbit::Model& model) { return model.metadata(); })
      .def_prop_ro(
          "preprocessing",
          [](const sbit::Model& model) {
            const sbit::Preprocessing& stated = model.preprocessing();
            return nb::make_tuple(stated.resize, static_cast<uint32_t>(stated.filter));
          },
          nb::sig("def preprocessing(self) -> tuple[int, int]"))
      .def_prop_ro("input", &sbit::Model::input)
      .def_prop_ro("output", &sbit::Model::output)
      .def_prop_ro("file_bytes", &sbit::Model::file_bytes);
}

void define_session(nb::module_& module) {
  nb::class_<LockedSession>(module, "Session", "A model prepared to run.")
      .def(nb::init<const sbit::Model&, int, const std::string&, size_t, size_t>(), "model"_a, "threads"_a, "isa"_a,
           "batch"_a, "most_bytes"_a)
      .def("run", &LockedSession::run,
           nb::sig("def run(self, input: numpy.typing.NDArray[typing.Any], images: int, output: "
                   "numpy.typing.NDArray[typing.Any]) -> None"),
           "input"_a, "images"_a, "output"_a)
      .def("profile", &LockedSession::profile,
           nb::sig("def profile(self, input: numpy.typing.NDArray[typing.Any], images: int) -> list[int]"), "input"_a,
           "images"_a, "Nanoseconds of each op in one run of at most `batch` images.")
      .def("run_op", &LockedSession::run_op,
           nb::sig("def run_op(self, op: int, inputs: list[numpy.typing.NDArray[typing.Any]], images: int, outputs: "
                   "list[numpy.typing.NDArray[typing.Any]]) -> None"),
           "op"_a, "inputs"_a, "images"_a, "outputs"_a)
      .def("trace", &LockedSession::trace,
           nb::sig("def trace(self, images: int, tensors: list[numpy.typing.NDArray[typing.Any]]) -> None"), "images"_a,
           "tensors"_a)
      .def_prop_ro("isa", [](const LockedSession& session) { return session.session().isa(); })
      .def_prop_ro("threads", [](const LockedSession& session) { return session.session().threads(); })
      .def_prop_ro("batch", [](const LockedSession& session) { return session.session().batch(); })
      .def_prop_ro("arena_bytes", [](const LockedSession& session) { return session.session().arena_bytes(); });
}

}  // namespace

NB_MODULE(_native, module) {
  module.doc() = "The signbit engine on raw buffers; signbit.engine is its face.";
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const sbit::Error& error) {
      raise_error(error);
    }
  });
  define_model(module);
  define_session(module);
  module.def("isas", &sbit::isas, "Names of the instruction sets in this build, best first.");
  module.def("supported_isas", &sbit::supported_isas, "Those that this processor can run.");
  module.def("clock_hertz", &clock_hertz, nb::call_guard<nb::gil_scoped_release>(),
             "Cycles a second of this core, measured; 0 where it cannot be.");
  module.def("pack_signs", pack_signs,
             nb::sig("def pack_signs(values: numpy.typing.NDArray[numpy.float32], isa: str = '') -> "
                     "numpy.typing.NDArray[numpy.uint64]"),
             "values"_a, "isa"_a = "",
             "Bit i % 64 of word i / 64 is 1 where values[i] >= 0 does not hold. Words: ceil(len(values) / 64).");
}
