// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: send a std::string, a std::vector or the value itself
#include <rankwise/wire/codec.hpp>

using pointer = int*;

void try_it(rankwise::wire::bytes& out, const pointer& value) {
  rankwise::wire::encoder<pointer>(out).put(value);
}
