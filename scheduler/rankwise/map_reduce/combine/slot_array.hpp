// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/packed_key.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace rankwise::combine {

/// A key and its value, or nothing (an empty key).
template <class Value>
struct slot {
  packed_key key;
  Value value;
};

/// Empty slots; the system clears their memory as it is touched.
template <class Value>
class slot_array {
 public:
  using slot_type = slot<Value>;
  static_assert(std::is_trivially_copyable_v<Value>);

  slot_array() = default;

  explicit slot_array(std::size_t n)
      : slots_(static_cast<slot_type*>(std::calloc(n, sizeof(slot_type)))) {
    if (slots_ == nullptr) throw std::bad_alloc();
  }

  slot_type& operator[](std::size_t index) const { return slots_.get()[index]; }

  slot_type* data() const { return slots_.get(); }

  /// Empties the first `n` slots.
  void clear(std::size_t n) {
    std::memset(static_cast<void*>(slots_.get()), 0, n * sizeof(slot_type));
  }

  explicit operator bool() const { return slots_ != nullptr; }

 private:
  struct free_memory {
    void operator()(slot_type* slots) const noexcept { std::free(slots); }
  };

  std::unique_ptr<slot_type, free_memory> slots_;
};

}  // namespace rankwise::combine
