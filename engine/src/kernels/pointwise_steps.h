// The step of a pointwise kernel is chosen once, outside its loop. Included inside a target region, by a file that then
// defines step_values.
#pragma once

namespace sbit {
namespace kernels {
namespace {

// values[i] = step(a[i], b[i], c[i]); what the step does not use is not read.
template <int kStep>
void step_values(const float* a, const float* b, const float* c, size_t count, float* values);

void pointwise(Step step, const float* a, const float* b, const float* c, size_t count, float* values) {
  switch (step) {
    case kAdd: return step_values<kAdd>(a, b, c, count, values);
    case kSubtract: return step_values<kSubtract>(a, b, c, count, values);
    case kMultiply: return step_values<kMultiply>(a, b, c, count, values);
    case kDivide: return step_values<kDivide>(a, b, c, count, values);
    case kMinimum: return step_values<kMinimum>(a, b, c, count, values);
    case kMaximum: return step_values<kMaximum>(a, b, c, count, values);
    case kFusedMultiplyAdd: return step_values<kFusedMultiplyAdd>(a, b, c, count, values);
    case kPRelu: return step_values<kPRelu>(a, b, c, count, values);
    case kSigmoid: return step_values<kSigmoid>(a, b, c, count, values);
    case kSilu: return step_values<kSilu>(a, b, c, count, values);
  }
}

}  // namespace
}  // namespace kernels
}  // namespace sbit
