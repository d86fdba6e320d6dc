// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must be default-constructible
// EXPECT: [with Value = station]
#include <rankwise/rankwise.hpp>

#include <string>
#include <utility>
#include <vector>

class station {
 public:
  explicit station(std::string name) : name_(std::move(name)) {}

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name_;
  }

 private:
  std::string name_;
};

double height_of(const station& one);

void try_it(rankwise::pool& pool, const std::vector<station>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<height_of>);
  (void)results[0];
}
