// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: send a std::string, a std::vector or the value itself
// LINES: 25
#include <rankwise/wire/codec.hpp>

#include <memory>
#include <string>

class station {
 public:
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name_& next_;
  }

 private:
  std::string name_;
  std::shared_ptr<station> next_;
};

void try_it(rankwise::wire::bytes& out, const station& value) {
  rankwise::wire::encoder<station>(out).put(value);
}
