// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/key_codec.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/readers/token.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace rankwise {

/// Takes what a mapper emits: `emit(key, value)`, or `emit(value)` if the key is `single`.
/// Keys gather in a batch first, so that their places in memory are fetched side by side.
///
/// A string key is taken as any string_view; a `token`, as the readers give them, is the fastest.
/// Values are default-constructible and can be sent.
///
/// Throws: an exception if something is wrong on this rank (a full disk); a mapper lets it pass.
template <class Key, class Value>
class emitter {
 public:
  using key_type = Key;
  using value_type = Value;

  explicit emitter(combine::emit_sink<Value>& sink) : sink_(&sink) {}

  emitter(const emitter&) = delete;
  emitter& operator=(const emitter&) = delete;
  emitter(emitter&&) = delete;
  emitter& operator=(emitter&&) = delete;
  ~emitter() = default;

  void operator()(token key, Value value) requires std::same_as<Key, std::string> {
    if (combine::fits_inline(key.size())) {
      add(combine::pack_readable(key.data(), key.size()), std::move(value));
    } else {
      sink_->put_text(key, std::move(value));
    }
  }

  void operator()(std::string_view key, Value value) requires std::same_as<Key, std::string> {
    if (combine::fits_inline(key.size())) {
      add(combine::pack(key), std::move(value));
    } else {
      sink_->put_text(key, std::move(value));
    }
  }

  void operator()(const Key& key, Value value) requires(!std::same_as<Key, std::string> &&
                                                        !std::same_as<Key, single>) {
    if constexpr (combine::key_codec<Key>::is_packed) {
      add(combine::key_codec<Key>::pack(key), std::move(value));
    } else {
      encoded_.clear();
      wire::encoder<Key>(encoded_).put(key);
      const std::string_view text(reinterpret_cast<const char*>(encoded_.data()), encoded_.size());
      if (combine::fits_inline(text.size())) {
        add(combine::pack(text), std::move(value));
      } else {
        sink_->put_text(text, std::move(value));
      }
    }
  }

  void operator()(Value value) requires std::same_as<Key, single> {
    add(combine::key_codec<single>::pack({}), std::move(value));
  }

  /// Hands on the keys that have gathered. The library calls this after each input.
  void flush() { sink_->put_batch(std::span(batch_).first(std::exchange(n_, 0))); }

 private:
  void add(combine::packed_key key, Value&& value) {
    batch_[n_] = {key, std::move(value)};
    if (++n_ == batch_.size()) flush();
  }

  combine::emit_sink<Value>* sink_;
  std::size_t n_ = 0;
  std::array<combine::batch_entry<Value>, combine::batch_size> batch_;
  wire::bytes encoded_;
};

}  // namespace rankwise
