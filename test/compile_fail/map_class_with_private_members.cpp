// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must be plain data or tell its parts
// EXPECT: [with Type = station]
#include <rankwise/rankwise.hpp>

#include <string>
#include <utility>
#include <vector>

class station {
 public:
  explicit station(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

double height_of(const station& one);

void try_it(rankwise::pool& pool, const std::vector<station>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<height_of>);
  (void)results[0];
}
