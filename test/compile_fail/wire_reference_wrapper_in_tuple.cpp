// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: send a std::string, a std::vector or the value itself
#include <rankwise/wire/codec.hpp>

#include <functional>
#include <tuple>

using value_type = std::tuple<int, std::reference_wrapper<int>>;

void try_it(rankwise::wire::bytes& out, const value_type& value) {
  rankwise::wire::encoder<value_type>(out).put(value);
}
