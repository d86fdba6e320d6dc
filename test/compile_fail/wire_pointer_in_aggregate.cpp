// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: send a std::string, a std::vector or the value itself
#include <rankwise/wire/codec.hpp>

struct reading {
  int number;
  const char* station;
};

void try_it(rankwise::wire::bytes& out, const reading& value) {
  rankwise::wire::encoder<reading>(out).put(value);
}
