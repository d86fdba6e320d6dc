// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/decisions.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/input_source.hpp>
#include <rankwise/engine/call/inputs.hpp>
#include <rankwise/parts/part_history.hpp>
#include <rankwise/parts/part_store.hpp>
#include <rankwise/parts/parts_at_root.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rankwise::engine {

/// Parts as the inputs of a call. It is a range by its type alone: tasks get parts from `next` of
/// the inputs, on the rank where each lies.
template <class Part>
struct part_range {
  parts_at_root<Part>* parts = nullptr;
  parts_in_call in_call;

  const part_here<Part>* begin() const { return nullptr; }

  const part_here<Part>* end() const { return nullptr; }
};

template <class Part>
inline constexpr bool stay_on_ranks<part_range<Part>> = true;

/// On the root.
template <class Part>
class given_inputs<part_range<Part>> {
 public:
  explicit given_inputs(const part_range<Part>& range)
      : parts_(range.parts), in_call_(range.in_call) {}

  std::uint64_t size() const { return parts_->places.size(); }

  void on_granted(const core::grant& given) { parts_->on_granted(given); }

  void on_counted(core::item_range items) { parts_->on_counted(items); }

  std::vector<std::uint32_t> homes() const {
    std::vector<std::uint32_t> all;
    all.reserve(size());
    for (const auto& each : parts_->places) all.push_back(each.home);
    return all;
  }

  /// Of a part that lies where its item goes, nothing; of another, all that it is made of.
  void encode(core::item_range items, wire::bytes& out) const {
    const auto first = parts_->places.begin() + static_cast<std::ptrdiff_t>(items.first);
    const bool any_to_be_made = std::any_of(first,
                                            first + static_cast<std::ptrdiff_t>(items.count),
                                            [](const auto& each) { return each.is_to_be_made; });
    if (!any_to_be_made) return;
    wire::append_value(out, std::uint64_t{parts_->steps.size()});
    for (const kept_step<Part>& step : parts_->steps) step.encode(out);
    for (std::uint64_t index = items.first; index != items.end(); ++index) {
      const bool is_to_be_made = parts_->places[index].is_to_be_made;
      wire::append_value(out, static_cast<std::uint8_t>(is_to_be_made ? 1 : 0));
      if (!is_to_be_made) continue;
      const wire::bytes& origin = parts_->origins[index];
      wire::append_value(out, std::uint64_t{origin.size()});
      wire::append(out, origin.data(), origin.size());
    }
  }

  void open(chunk_scope& scope) {
    scope_ = &scope;
    history_.clear();
    for (const kept_step<Part>& kept : parts_->steps) history_.push_back(kept.step);
  }

  part_here<Part> next(std::uint64_t index) const {
    return bring_part<Part>(*scope_, in_call_, index, &history_, parts_->origins[index]);
  }

 private:
  parts_at_root<Part>* parts_;
  parts_in_call in_call_;
  chunk_scope* scope_ = nullptr;
  part_history<Part> history_;
};

/// On another rank, in one chunk.
template <class Part>
class received_parts {
 public:
  received_parts(const parts_in_call& in_call, std::span<const std::byte> chunk)
      : in_call_(in_call), reader_(chunk) {
    if (chunk.empty()) return;
    for (auto n = reader_.take_count(1); n != 0; --n)
      history_.push_back(kept_step<Part>::decode(reader_));
  }

  void open(chunk_scope& scope) { scope_ = &scope; }

  /// Successive calls give successive parts of the chunk.
  part_here<Part> next(std::uint64_t index) {
    std::span<const std::byte> origin;
    const bool is_to_be_made = reader_.remaining() != 0 && reader_.take_value<std::uint8_t>() != 0;
    if (is_to_be_made) origin = reader_.take(reader_.take_count(1));
    return bring_part<Part>(*scope_, in_call_, index, is_to_be_made ? &history_ : nullptr, origin);
  }

 private:
  parts_in_call in_call_;
  wire::reader reader_;
  chunk_scope* scope_ = nullptr;
  part_history<Part> history_;
};

template <class Part>
struct input_source<part_range<Part>, false> {
  static void encode(const part_range<Part>& range, wire::bytes& out) {
    wire::append_value(out, range.in_call);
  }

  explicit input_source(std::span<const std::byte>& call) {
    wire::reader reader(call);
    in_call = reader.take_value<parts_in_call>();
    call = call.last(reader.remaining());
  }

  received_parts<Part> open(std::span<const std::byte> chunk) const { return {in_call, chunk}; }

  parts_in_call in_call;
};

}  // namespace rankwise::engine
