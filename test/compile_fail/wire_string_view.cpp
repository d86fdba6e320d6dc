// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: send a std::string, a std::vector or the value itself
#include <rankwise/wire/codec.hpp>

#include <string_view>

void try_it(rankwise::wire::bytes& out, const std::string_view& value) {
  rankwise::wire::encoder<std::string_view>(out).put(value);
}
