// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/text.hpp>

#include "mobilenet/commands/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

/// How well a class is told from the others.
struct class_score {
  std::uint64_t n_true = 0;       ///< pictures of it
  std::uint64_t n_predicted = 0;  ///< pictures taken for it
  std::uint64_t n_right = 0;      ///< both

  double precision() const { return share(n_right, n_predicted); }

  double recall() const { return share(n_right, n_true); }

  /// The harmonic mean of both; 0 where neither is defined.
  double f1() const { return share(2 * n_right, n_true + n_predicted); }

 private:
  static double share(std::uint64_t part, std::uint64_t all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
  }
};

/// What a model makes of pictures whose classes are known.
class evaluation {
 public:
  void add(std::size_t truth, std::size_t predicted) {
    ++counts_[{truth, predicted}];
    ++n_;
  }

  std::uint64_t n_pictures() const { return n_; }

  /// Pictures of class `truth` that were taken for class `predicted`.
  std::uint64_t count(std::size_t truth, std::size_t predicted) const {
    const auto found = counts_.find({truth, predicted});
    return found == counts_.end() ? 0 : found->second;
  }

  /// The classes that occur, true or predicted, with their scores.
  std::map<std::size_t, class_score> scores() const {
    std::map<std::size_t, class_score> all;
    for (const auto& [pair, n] : counts_) {
      all[pair.first].n_true += n;
      all[pair.second].n_predicted += n;
      if (pair.first == pair.second) all[pair.first].n_right += n;
    }
    return all;
  }

  double accuracy() const {
    std::uint64_t n_right = 0;
    for (const auto& [pair, n] : counts_) n_right += pair.first == pair.second ? n : 0;
    return n_ == 0 ? 0 : static_cast<double>(n_right) / static_cast<double>(n_);
  }

  /// The mean of F1 over the classes that occur. Source: macro averaging over the union of true and
  /// predicted classes, as scikit-learn's f1_score does with zero_division=0.
  double macro_f1() const {
    const auto all = scores();
    double sum = 0;
    for (const auto& [number, score] : all) sum += score.f1();
    return all.empty() ? 0 : sum / static_cast<double>(all.size());
  }

  /// Pairs of classes that were taken for each other, the most frequent first.
  std::vector<std::pair<std::pair<std::size_t, std::size_t>, std::uint64_t>> confusions() const {
    std::vector<std::pair<std::pair<std::size_t, std::size_t>, std::uint64_t>> wrong;
    for (const auto& [pair, n] : counts_) {
      if (pair.first != pair.second) wrong.emplace_back(pair, n);
    }
    std::stable_sort(wrong.begin(), wrong.end(), [](const auto& left, const auto& right) {
      return left.second > right.second;
    });
    return wrong;
  }

 private:
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> counts_;  // by truth, predicted
  std::uint64_t n_ = 0;
};

namespace detail {

/// A matrix with a row for each true class and a column for each predicted one.
inline std::string confusion_matrix(const evaluation& found, const class_names& names) {
  std::vector<std::size_t> classes;
  std::size_t widest = 0;
  for (const auto& [number, score] : found.scores()) {
    classes.push_back(number);
    widest = std::max(widest, names[number].size());
  }
  std::string text = "confusion matrix: rows are true classes, columns what they were taken for\n";
  text += std::string(widest + 5, ' ');
  for (std::size_t column = 0; column < classes.size(); ++column)
    fmt::format_to(std::back_inserter(text), " {:>5}", fmt::format("({})", column + 1));
  text += '\n';
  for (std::size_t row = 0; row < classes.size(); ++row) {
    fmt::format_to(std::back_inserter(text),
                   "{:>4} {:<{}}",
                   fmt::format("({})", row + 1),
                   names[classes[row]],
                   widest);
    for (const std::size_t column : classes)
      fmt::format_to(std::back_inserter(text), " {:>5}", found.count(classes[row], column));
    text += '\n';
  }
  return text;
}

}  // namespace detail

/// Accuracy, macro F1, a line for each class, and the confusion matrix; of many classes the most
/// frequent confusions instead.
inline std::string evaluation_text(const evaluation& found, const class_names& names) {
  constexpr std::size_t most_columns = 12;
  constexpr std::size_t most_confusions = 20;
  const auto scores = found.scores();
  std::size_t widest = 5;
  for (const auto& [number, score] : scores) widest = std::max(widest, names[number].size());
  std::string text = fmt::format("{} pictures: accuracy {:.4f}, macro F1 {:.4f}\n",
                                 found.n_pictures(),
                                 found.accuracy(),
                                 found.macro_f1());
  fmt::format_to(std::back_inserter(text),
                 "{:<{}} {:>8} {:>9} {:>9} {:>9}\n",
                 "class",
                 widest,
                 "pictures",
                 "precision",
                 "recall",
                 "F1");
  for (const auto& [number, score] : scores)
    fmt::format_to(std::back_inserter(text),
                   "{:<{}} {:>8} {:>9.4f} {:>9.4f} {:>9.4f}\n",
                   names[number],
                   widest,
                   score.n_true,
                   score.precision(),
                   score.recall(),
                   score.f1());
  if (scores.size() <= most_columns) return text + detail::confusion_matrix(found, names);
  const auto wrong = found.confusions();
  text += "most frequent confusions (--json has all):\n";
  for (std::size_t i = 0; i < std::min(wrong.size(), most_confusions); ++i)
    fmt::format_to(std::back_inserter(text),
                   "{:>8} {} taken for {}\n",
                   wrong[i].second,
                   names[wrong[i].first.first],
                   names[wrong[i].first.second]);
  return text;
}

/// The same as a line of JSON, with every pair of classes that occurred.
inline std::string evaluation_json(const evaluation& found, const class_names& names) {
  std::string classes;
  std::string pairs;
  const auto scores = found.scores();
  for (const auto& [number, score] : scores) {
    fmt::format_to(std::back_inserter(classes),
                   R"({}{{"class":{},"name":{},"pictures":{},"precision":{:.9g},"recall":{:.9g},)"
                   R"("f1":{:.9g}}})",
                   classes.empty() ? "" : ",",
                   number,
                   rankwise::json_text(names[number]),
                   score.n_true,
                   score.precision(),
                   score.recall(),
                   score.f1());
    for (const auto& [other, ignored] : scores) {
      const std::uint64_t n = found.count(number, other);
      if (n == 0) continue;
      fmt::format_to(std::back_inserter(pairs),
                     R"({}{{"true":{},"predicted":{},"pictures":{}}})",
                     pairs.empty() ? "" : ",",
                     number,
                     other,
                     n);
    }
  }
  return fmt::format(
      R"({{"pictures":{},"accuracy":{:.9g},"macro_f1":{:.9g},"classes":[{}],"confusion":[{}]}})"
      "\n",
      found.n_pictures(),
      found.accuracy(),
      found.macro_f1(),
      classes,
      pairs);
}

}  // namespace mobilenet
