// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/job/agreement.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

/// What all ranks of a communicator do together.
struct collective_call {
  collective_form form;
  std::function<wire::bytes(pool&)> run;  ///< on rank 0; the bytes go to the other ranks
  std::function<void(std::span<const std::byte>)> take;  ///< on the others; empty: nothing goes
};

/// The call that sets `result`, on rank 0, to what `body(pool)` returns, and on the others too
/// where its form says so. Refers to both.
template <class Result, class Body>
collective_call call_for(const collective_form& form, Result& result, Body& body) {
  const bool everywhere = form.everywhere != 0;
  collective_call call{form, nullptr, nullptr};
  call.run = [&result, &body, everywhere](pool& ranks) {
    result = body(ranks);
    wire::bytes out;
    if (everywhere) wire::encoder<Result>(out).put(result);
    return out;
  };
  if (everywhere) {
    call.take = [&result](std::span<const std::byte> bytes) {
      wire::decoder<Result>(bytes).get_into(result);
    };
  }
  return call;
}

/// The call whose body returns nothing. Refers to it.
template <class Body>
collective_call call_for(const collective_form& form, Body& body) {
  return {form,
          [&body](pool& ranks) {
            body(ranks);
            return wire::bytes();
          },
          nullptr};
}

}  // namespace rankwise::engine
