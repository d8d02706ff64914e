// signbit.h: the C face of Model and Session. Nothing that C++ throws leaves it.
#include "signbit/signbit.h"

#include <cstring>
#include <new>

#include "c_error.h"

struct signbit_model {
  sbit::Model model;
  std::vector<std::string> names;   // of the tensors, then of the ops: with the zero byte that C wants
  std::vector<std::string> labels;
  std::string metadata;

  explicit signbit_model(sbit::Model given) : model(std::move(given)), metadata(model.metadata()) {
    for (const sbit::Tensor& tensor : model.tensors()) names.emplace_back(tensor.name);
    for (const sbit::Op& op : model.ops()) names.emplace_back(op.name);
    for (const std::string_view label : model.labels()) labels.emplace_back(label);
  }
};

struct signbit_session {
  sbit::Session session;
};

namespace {

signbit_tensor describe(const signbit_model* model, uint32_t index) {
  const sbit::Tensor& tensor = model->model.tensors()[index];
  return {model->names[index].c_str(), static_cast<signbit_type>(tensor.type), tensor.height, tensor.width,
          tensor.channels,             tensor.bytes()};
}

sbit::SessionOptions given_or_default(const signbit_options* options) {
  sbit::SessionOptions result;
  if (!options) return result;
  if (options->threads) result.threads = options->threads;
  if (options->batch) result.batch = options->batch;
  if (options->isa) result.isa = options->isa;
  if (options->most_bytes) result.most_bytes = options->most_bytes;
  return result;
}

}  // namespace

const char* signbit_version(void) { return SIGNBIT_VERSION; }
uint32_t signbit_api_version(void) { return SIGNBIT_API_VERSION; }

signbit_model* signbit_model_load(const char* path, signbit_error* error) {
  return sbit::or_null(error, [&] { return new signbit_model(sbit::Model::load(path)); });
}

signbit_model* signbit_model_from_bytes(const void* bytes, size_t size, signbit_error* error) {
  return sbit::or_null(error, [&] { return new signbit_model(sbit::Model::from_bytes(bytes, size)); });
}

void signbit_model_free(signbit_model* model) { delete model; }

signbit_tensor signbit_model_input(const signbit_model* model) { return describe(model, model->model.input()); }
signbit_tensor signbit_model_output(const signbit_model* model) { return describe(model, model->model.output()); }

size_t signbit_model_label_count(const signbit_model* model) { return model->labels.size(); }

const char* signbit_model_label(const signbit_model* model, size_t i) {
  return i < model->labels.size() ? model->labels[i].c_str() : nullptr;
}

const char* signbit_model_metadata(const signbit_model* model) { return model->metadata.c_str(); }

signbit_preprocessing signbit_model_preprocessing(const signbit_model* model) {
  const sbit::Preprocessing& stated = model->model.preprocessing();
  return {stated.resize, static_cast<uint32_t>(stated.filter)};
}

size_t signbit_model_op_count(const signbit_model* model) { return model->model.ops().size(); }

signbit_op signbit_model_op(const signbit_model* model, size_t i) {
  if (i >= model->model.ops().size()) return {};
  return {sbit::name(model->model.ops()[i].kind), model->names[model->model.tensors().size() + i].c_str()};
}

signbit_session* signbit_session_new(const signbit_model* model, const signbit_options* options,
                                     signbit_error* error) {
  return sbit::or_null(error, [&] {
    return new signbit_session{sbit::Session(model->model, given_or_default(options))};
  });
}

void signbit_session_free(signbit_session* session) { delete session; }

void signbit_session_run(signbit_session* session, const void* input, size_t images, void* output) {
  session->session.run(input, images, output);
}

void signbit_session_profile(signbit_session* session, const void* input, size_t images, void* output,
                             uint64_t* nanoseconds) {
  session->session.profile(input, images, output, nanoseconds);
}

const char* signbit_session_isa(const signbit_session* session) { return session->session.isa(); }
