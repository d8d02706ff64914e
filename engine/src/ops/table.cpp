#include "op.h"

namespace sbit {

#define SIGNBIT_OP(kind)                                          \
  void validate_##kind(const Graph& graph, const Op& op);         \
  size_t prepared_bytes_##kind(const Graph& graph, const Op& op); \
  std::unique_ptr<PreparedOp> prepare_##kind(const Graph& graph, const Op& op, const kernels::Table& kernels)

SIGNBIT_OP(integer_conv);
SIGNBIT_OP(float_conv);
SIGNBIT_OP(binary_conv);
SIGNBIT_OP(threshold);
SIGNBIT_OP(pointwise);
SIGNBIT_OP(max_pool);
SIGNBIT_OP(concat);
SIGNBIT_OP(flatten);
SIGNBIT_OP(lookup);
SIGNBIT_OP(select);

#undef SIGNBIT_OP

namespace {

constexpr OpEntry kOps[] = {
    {OpKind::integer_conv, "integer_conv", validate_integer_conv, prepared_bytes_integer_conv, prepare_integer_conv},
    {OpKind::float_conv, "float_conv", validate_float_conv, prepared_bytes_float_conv, prepare_float_conv},
    {OpKind::binary_conv, "binary_conv", validate_binary_conv, prepared_bytes_binary_conv, prepare_binary_conv},
    {OpKind::threshold, "threshold", validate_threshold, prepared_bytes_threshold, prepare_threshold},
    {OpKind::pointwise, "pointwise", validate_pointwise, prepared_bytes_pointwise, prepare_pointwise},
    {OpKind::max_pool, "max_pool", validate_max_pool, prepared_bytes_max_pool, prepare_max_pool},
    {OpKind::concat, "concat", validate_concat, prepared_bytes_concat, prepare_concat},
    {OpKind::flatten, "flatten", validate_flatten, prepared_bytes_flatten, prepare_flatten},
    {OpKind::lookup, "lookup", validate_lookup, prepared_bytes_lookup, prepare_lookup},
    {OpKind::select, "select", validate_select, prepared_bytes_select, prepare_select},
};

}  // namespace

const OpEntry* find_op(OpKind kind) noexcept {
  for (const OpEntry& entry : kOps) {
    if (entry.kind == kind) return &entry;
  }
  return nullptr;
}

const char* name(OpKind kind) noexcept {
  const OpEntry* entry = find_op(kind);
  return entry ? entry->name : "unknown";
}

}  // namespace sbit
