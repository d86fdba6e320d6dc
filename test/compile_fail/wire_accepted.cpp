// SPDX-License-Identifier: MIT
// COMPILES
// The control of the wire_* cases: the same lines, with values that can travel.
#include <rankwise/wire/codec.hpp>

#include <string>
#include <tuple>
#include <vector>

struct reading {
  std::string station;
  std::vector<std::tuple<int, std::string>> values;
};

class hidden {
 public:
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& text_;
  }

 private:
  std::string text_;
};

void try_it(rankwise::wire::bytes& out, const reading& one, const hidden& other) {
  rankwise::wire::encoder<reading>(out).put(one);
  rankwise::wire::encoder<hidden>(out).put(other);
  (void)rankwise::wire::decoder<reading>(out).get();
}
