// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must be assignable
// EXPECT: make it a plain member, or add a serialize function
#include <rankwise/wire/codec.hpp>

struct reading {
  int& number;
};

void try_it(rankwise::wire::bytes& out, const reading& value) {
  rankwise::wire::encoder<reading>(out).put(value);
}
