// SPDX-License-Identifier: MIT
// pool.expand: counts the trees of the Unbalanced Tree Search benchmark (Olivier and others, 2006).
// Nobody knows how large a part of such a tree is before it has been walked through.
#define OPENSSL_SUPPRESS_DEPRECATED  // a digest that is made anew for each block takes three times
                                     // as long
#include <rankwise/expansion.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a tree is like: below its root, which has `breadth` children, each node has `children` with
/// that probability (`depth` is 0), or `breadth` on average, down to `depth`.
struct tree {
  double breadth = 0;
  std::uint32_t depth = 0;
  double probability = 0;
  std::uint32_t children = 0;
  std::uint32_t seed = 0;
};

struct published {
  std::string_view name;
  tree shape;
};

constexpr std::array<published, 4> trees{{
    {"T1", {.breadth = 4, .depth = 10, .seed = 19}},
    {"T3", {.breadth = 2000, .probability = 0.124875, .children = 8, .seed = 42}},
    {"T1L", {.breadth = 4, .depth = 13, .seed = 29}},
    {"T3L", {.breadth = 2000, .probability = 0.200014, .children = 5, .seed = 7}},
}};

/// A node is its random state: that of a child is a digest of its parent's, and its number.
struct node {
  std::array<unsigned char, SHA_DIGEST_LENGTH> state{};
  std::uint32_t depth = 0;
};

std::array<unsigned char, 4> big_endian(std::uint32_t number) {
  return {static_cast<unsigned char>(number >> 24U),
          static_cast<unsigned char>(number >> 16U),
          static_cast<unsigned char>(number >> 8U),
          static_cast<unsigned char>(number)};
}

template <std::size_t Size>
node digest(const std::array<unsigned char, Size>& state,
            std::uint32_t number,
            std::uint32_t depth) {
  node made{{}, depth};
  const auto bytes = big_endian(number);
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, state.data(), state.size());
  SHA1_Update(&context, bytes.data(), bytes.size());
  SHA1_Final(made.state.data(), &context);
  return made;
}

std::uint32_t n_children(const tree& shape, const node& parent) {
  std::uint32_t bits = 0;
  for (std::size_t i = 16; i < 20; ++i) bits = bits << 8U | parent.state.at(i);
  const double chance = (bits & 0x7fffffffU) / 2147483648.0;
  if (shape.depth == 0) {
    if (parent.depth == 0) return static_cast<std::uint32_t>(shape.breadth);
    return chance < shape.probability ? shape.children : 0;
  }
  if (parent.depth >= shape.depth) return 0;
  const double stops = 1 / (1 + shape.breadth);
  const double n = std::floor(std::log(1 - chance) / std::log(1 - stops));
  return std::min(static_cast<std::uint32_t>(n), 100U);
}

struct counts {
  std::uint64_t nodes = 0;
  std::uint64_t leaves = 0;
  std::uint32_t depth = 0;
};

counts add(const counts& left, const counts& right) {
  return {left.nodes + right.nodes, left.leaves + right.leaves, std::max(left.depth, right.depth)};
}

counts visit(const node& parent, rankwise::expansion<node>& more, const tree& shape) {
  const std::uint32_t n = n_children(shape, parent);
  for (std::uint32_t i = 0; i < n; ++i) more.push(digest(parent.state, i, parent.depth + 1));
  return {1, n == 0 ? 1U : 0U, parent.depth};
}

int main(int argc, char** argv) {
  std::vector<std::string> names;
  rankwise::program program;
  program.name = "uts";
  program.summary = "counts the nodes of trees that are made up by chance: T1, T3, T1L, T3L";
  program.operands = {"TREE...", &names, 1};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    for (const std::string& name : names) {
      const auto* const found = std::find_if(
          trees.begin(), trees.end(), [&](const published& one) { return one.name == name; });
      if (found == trees.end())
        throw rankwise::config_error("found the tree " + name + ", accepted: T1, T3, T1L, T3L");
      const tree shape = found->shape;
      const node root = digest(std::array<unsigned char, 16>{}, shape.seed, 0);
      const counts all = pool.expand(
          {root}, counts{}, rankwise::fn<add>, rankwise::with(shape)(rankwise::fn<visit>));
      fmt::print("{}: {} nodes, {} leaves, depth {}\n", name, all.nodes, all.leaves, all.depth);
    }
  });
}
