// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must be plain data or tell its parts
// EXPECT: add a serialize function
// EXPECT: or make it an aggregate of at most 16 such values
#include <rankwise/wire/codec.hpp>

#include <string>

class reading {
 public:
  explicit reading(int number);

 private:
  std::string station_;
};

void try_it(rankwise::wire::bytes& out, const reading& value) {
  rankwise::wire::encoder<reading>(out).put(value);
}
