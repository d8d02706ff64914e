#include "mutate_model.h"

#include <algorithm>
#include <random>

#include "../tests/write_model.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace mutate_model {
namespace {

using write_model::Bytes;
using write_model::get_at;
using write_model::kRecordBytes;
using write_model::Parts;
using write_model::put_at;

enum Section { kTensors, kConstants, kOps, kIndices, kStrings, kText, kMetadata, kData };

class Mutation {
 public:
  explicit Mutation(unsigned seed) : random_(seed) {}

  size_t below(size_t count) { return count ? random_() % count : 0; }
  bool one_in(size_t count) { return below(count) == 0; }

  void change(Parts& parts) {
    do {
      switch (below(10)) {
        case 0: return change_header(parts);
        case 1: change_bytes(parts.sections[kText + below(3)]); break;
        case 2: change_bytes(parts.sections[below(8)]); break;
        case 3: change_rows(parts.sections[below(5)]); break;
        case 4: change_list(parts); break;
        case 5: change_constant(parts); break;
        case 6: change_shape(parts); break;
        default: change_field(parts.sections[below(5)]); break;
      }
    } while (one_in(3));
  }

 private:
  // A number at which sizes overflow, limits lie or other records begin.
  uint32_t number(uint32_t now) {
    constexpr uint32_t kNumbers[] = {0,       1,       2,       3,          4,          5,          9,         16,
                                     63,      64,      65,      255,        256,        257,        65535,     65536,
                                     1 << 20, 1 << 24, 1 << 28, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE};
    switch (below(4)) {
      case 0: return now + 1;
      case 1: return now - 1;
      case 2: return static_cast<uint32_t>(below(12));
      default: return kNumbers[below(std::size(kNumbers))];
    }
  }

  void change_field(Bytes& section) {
    if (section.size() < 4) return;
    const size_t at = below(section.size() / 4) * 4;
    put_at(section, at, number(get_at<uint32_t>(section, at)));
  }

  void change_header(Parts& parts) {
    uint32_t* fields[] = {&parts.input, &parts.output, &parts.first_label, &parts.labels, &parts.resize, &parts.filter};
    uint32_t* field = fields[below(6)];
    *field = number(*field);
  }

  void change_bytes(Bytes& section) {
    const size_t size = section.size();
    section.resize(size + 16);
    section.resize(LLVMFuzzerMutate(section.data(), size, section.size()));
  }

  // Doubles, drops or swaps 4 bytes or more: a record for the sections that have them.
  void change_rows(Bytes& section) {
    const size_t row = one_in(2) ? 4 : 24, rows = section.size() / row;
    if (rows == 0) return;
    const auto at = [&](size_t i) { return section.begin() + static_cast<long>(i * row); };
    const size_t from = below(rows), to = below(rows);
    const Bytes given(at(from), at(from + 1));
    switch (below(3)) {
      case 0: section.erase(at(from), at(from + 1)); break;
      case 1: section.insert(at(to), given.begin(), given.end()); break;
      default: std::copy(given.begin(), given.end(), at(to)); break;
    }
  }

  // One index more or fewer in one list of one op; the lists after it move.
  void change_list(Parts& parts) {
    Bytes &ops = parts.sections[kOps], &indices = parts.sections[kIndices];
    const size_t lists = ops.size() / 48 * 4;
    if (lists == 0) return;
    const auto place = [](size_t list) { return list / 4 * 48 + 8 + list % 4 * 8; };
    const size_t chosen = below(lists);
    const auto first = get_at<uint32_t>(ops, place(chosen)), count = get_at<uint32_t>(ops, place(chosen) + 4);
    if (size_t{first} * 4 > indices.size()) return;
    const bool more = one_in(2) || count == 0;
    const auto at = indices.begin() + static_cast<long>(first) * 4;
    if (!more && indices.end() - at < 4) return;
    if (more) {
      const auto value = static_cast<uint8_t>(below(8));
      indices.insert(at, {value, 0, 0, 0});
    } else {
      indices.erase(at, at + 4);
    }
    put_at(ops, place(chosen) + 4, more ? count + 1 : count - 1);
    for (size_t list = chosen + 1; list < lists; ++list) {
      const auto now = get_at<uint32_t>(ops, place(list));
      put_at(ops, place(list), more ? now + 1 : now - 1);
    }
  }

  // Another number of elements in one constant; the ones after it move.
  void change_constant(Parts& parts) {
    Bytes &records = parts.sections[kConstants], &data = parts.sections[kData];
    const size_t count = records.size() / 32;
    if (count == 0) return;
    const size_t chosen = below(count);
    Bytes moved;
    for (size_t i = 0; i < count; ++i) {
      const size_t at = i * 32;
      const auto elements = get_at<uint64_t>(records, at + 8), offset = get_at<uint64_t>(records, at + 16),
                 bytes = get_at<uint64_t>(records, at + 24);
      if (offset > data.size() || bytes > data.size() - offset || elements == 0) return;
      const uint64_t wanted = i == chosen ? std::max<uint64_t>(1, elements + below(9) - 4) : elements;
      if (wanted > 4096) return;
      Bytes values(data.begin() + static_cast<long>(offset), data.begin() + static_cast<long>(offset + bytes));
      values.resize(bytes / elements * wanted);
      write_model::align(moved);
      put_at(records, at + 8, wanted);
      put_at(records, at + 16, uint64_t(moved.size()));
      put_at(records, at + 24, uint64_t(values.size()));
      moved.insert(moved.end(), values.begin(), values.end());
    }
    data = moved;
  }

  // The same height, width or channels for several tensors, as an op wants it.
  void change_shape(Parts& parts) {
    Bytes& tensors = parts.sections[kTensors];
    const size_t count = tensors.size() / 24;
    if (count == 0) return;
    const size_t field = 4 + below(3) * 4;
    const auto old = get_at<uint32_t>(tensors, below(count) * 24 + field);
    const uint32_t wanted = number(old);
    for (size_t i = 0; i < count; ++i) {
      if (get_at<uint32_t>(tensors, i * 24 + field) == old && !one_in(8)) put_at(tensors, i * 24 + field, wanted);
    }
  }

  std::mt19937 random_;
};

// False where a section does not lie within the file.
bool take_apart(const Bytes& file, Parts& parts) {
  if (file.size() < write_model::kHeader + write_model::kTable) return false;
  parts.input = get_at<uint32_t>(file, 24);
  parts.output = get_at<uint32_t>(file, 28);
  parts.first_label = get_at<uint32_t>(file, 32);
  parts.labels = get_at<uint32_t>(file, 36);
  parts.resize = get_at<uint32_t>(file, 40);
  parts.filter = get_at<uint32_t>(file, 44);
  for (size_t i = 0; i < 8; ++i) {
    const size_t record = write_model::kHeader + i * 32;
    const auto offset = get_at<uint64_t>(file, record + 8), bytes = get_at<uint64_t>(file, record + 16);
    if (offset > file.size() || bytes > file.size() - offset) return false;
    const auto first = file.begin() + static_cast<long>(offset);
    parts.sections[i].assign(first, first + static_cast<long>(bytes));
  }
  return true;
}

size_t give(const Bytes& result, uint8_t* file, size_t most) {
  if (result.size() > most) return 0;
  std::copy(result.begin(), result.end(), file);
  return result.size();
}

// Any bytes at all; half of the time with the size and the checksums that belong to them.
size_t mutate_bytes(uint8_t* file, size_t size, size_t most, bool repaired) {
  const size_t changed = LLVMFuzzerMutate(file, size, most);
  if (!repaired) return changed;
  Bytes result(file, file + changed);
  if (result.size() >= 24) put_at(result, 16, uint64_t(result.size()));
  write_model::repair(result);
  return give(result, file, most);
}

}  // namespace

size_t mutate(uint8_t* file, size_t size, size_t most, unsigned seed) {
  Mutation mutation(seed);
  Parts parts;
  if (mutation.one_in(10) || !take_apart(Bytes(file, file + size), parts)) {
    return mutate_bytes(file, size, most, mutation.one_in(2));
  }
  mutation.change(parts);
  const size_t made = give(put_together(parts), file, most);
  return made ? made : mutate_bytes(file, size, most, true);
}

size_t cross(const uint8_t* one, size_t one_size, const uint8_t* other, size_t other_size, uint8_t* file, size_t most,
             unsigned seed) {
  Mutation mutation(seed);
  Parts a, b;
  if (!take_apart(Bytes(one, one + one_size), a) || !take_apart(Bytes(other, other + other_size), b)) return 0;
  for (size_t i = 0; i < 8; ++i) {
    if (mutation.one_in(3)) a.sections[i] = b.sections[i];
  }
  return give(put_together(a), file, most);
}

}  // namespace mutate_model
