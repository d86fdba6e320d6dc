// SPDX-License-Identifier: MIT
// pool.place: rows of a sparse matrix that stay on the ranks. Power iteration multiplies them with
// a vector, again and again, until that is the eigenvector of the largest eigenvalue.
//
// The matrix has a row and a column for each number of `n_bits` bits: 1 where two numbers differ in
// one bit, and on the diagonal how many bits are set. It is the Kronecker sum of `n_bits` matrices
// [0 1; 1 1], whose eigenvalues are the golden ratio and 1 minus it: its largest eigenvalue is
// `n_bits` times the golden ratio.
#include <rankwise/parts.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>

#include <fmt/core.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <ranges>
#include <span>
#include <vector>

constexpr std::uint32_t n_bits = 12;
constexpr std::uint32_t n_rows = 1U << n_bits;
constexpr std::uint32_t rows_of_part = 128;

struct entry {
  std::uint32_t column = 0;
  double value = 0;
};

using matrix_row = std::vector<entry>;

std::vector<matrix_row> make_rows(std::uint32_t part) {
  std::vector<matrix_row> rows(rows_of_part);
  for (std::uint32_t i = 0; i < rows_of_part; ++i) {
    const std::uint32_t number = part * rows_of_part + i;
    rows[i].push_back({number, static_cast<double>(std::popcount(number))});
    for (std::uint32_t bit = 0; bit < n_bits; ++bit) rows[i].push_back({number ^ 1U << bit, 1});
  }
  return rows;
}

std::vector<double> multiply(const std::vector<matrix_row>& rows, std::span<const double> vector) {
  std::vector<double> products;
  for (const matrix_row& row : rows) {
    double sum = 0;
    for (const entry& each : row) sum += each.value * vector[each.column];
    products.push_back(sum);
  }
  return products;
}

double dot(const std::vector<double>& left, const std::vector<double>& right) {
  return std::inner_product(left.begin(), left.end(), right.begin(), 0.0);
}

int main(int argc, char** argv) {
  rankwise::program program;
  program.name = "power_iteration";
  program.summary = "finds the largest eigenvalue of a sparse matrix";
  return rankwise::run(argc, argv, program, [](rankwise::pool& pool) {
    const auto parts =
        pool.place(std::views::iota(0U, n_rows / rows_of_part), rankwise::fn<make_rows>);
    std::vector<double> vector(n_rows, 1 / std::sqrt(n_rows));
    double eigenvalue = 0;
    for (double before = 1; std::abs(eigenvalue - before) > 1e-10;) {
      before = eigenvalue;
      const auto shared = pool.share(vector);
      std::vector<double> product;
      for (const auto& of_part : pool.map(parts, rankwise::with(shared)(rankwise::fn<multiply>)))
        product.insert(product.end(), of_part.begin(), of_part.end());
      eigenvalue = dot(vector, product);  // Rayleigh's quotient: the vector is of length 1
      const double length = std::sqrt(dot(product, product));
      for (std::size_t i = 0; i < n_rows; ++i) vector[i] = product[i] / length;
    }
    fmt::print("largest eigenvalue: {:.6f}\n", eigenvalue);
    fmt::print("expected: {:.6f}\n", n_bits * std::numbers::phi);
  });
}
