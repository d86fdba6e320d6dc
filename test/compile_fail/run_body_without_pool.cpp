// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the body of rankwise::run takes the ranks of the job: [&](rankwise::pool& pool)
#include <rankwise/rankwise.hpp>

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [] {});
}
