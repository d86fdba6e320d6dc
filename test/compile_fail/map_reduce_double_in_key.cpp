// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a floating-point number is no key of map_reduce, nor part of one
// EXPECT: round it to an integer
#include <rankwise/map_reduce/combine/key_codec.hpp>

namespace {

struct place {
  double x;
  double y;
};

struct key {
  int day;
  place where;
};

}  // namespace

int main() {
  return rankwise::combine::key_codec<key>::is_packed ? 1 : 0;
}
