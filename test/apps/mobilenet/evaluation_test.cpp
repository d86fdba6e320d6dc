// SPDX-License-Identifier: MIT
#include "mobilenet/commands/evaluation.hpp"

#include "catch.hpp"

#include <string>

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using mobilenet::class_names;
using mobilenet::evaluation;

namespace {

/// Of class 0 three pictures, two taken for it; of class 1 two, both taken for 2; of class 2 one.
evaluation some_pictures() {
  evaluation found;
  found.add(0, 0);
  found.add(0, 0);
  found.add(0, 1);
  found.add(1, 2);
  found.add(1, 2);
  found.add(2, 2);
  return found;
}

}  // namespace

TEST_CASE("accuracy, precision, recall and F1 are as calculated by hand") {
  const evaluation found = some_pictures();
  CHECK(found.accuracy() == Approx(3.0 / 6));
  const auto scores = found.scores();
  CHECK(scores.at(0).precision() == Approx(1));
  CHECK(scores.at(0).recall() == Approx(2.0 / 3));
  CHECK(scores.at(0).f1() == Approx(0.8));
  CHECK(scores.at(1).f1() == 0);
  CHECK(scores.at(2).precision() == Approx(1.0 / 3));
  CHECK(scores.at(2).f1() == Approx(0.5));
  CHECK(found.macro_f1() == Approx((0.8 + 0 + 0.5) / 3));
  CHECK(found.count(1, 2) == 2);
  CHECK(found.count(2, 1) == 0);
}

TEST_CASE("a class that is only predicted counts in macro F1") {
  evaluation found;
  found.add(0, 7);
  found.add(0, 0);
  CHECK(found.macro_f1() == Approx((2.0 / 3 + 0) / 2));
}

TEST_CASE("no pictures give no figures") {
  CHECK(evaluation().accuracy() == 0);
  CHECK(evaluation().macro_f1() == 0);
}

TEST_CASE("the text has a line for each class, and the matrix") {
  CHECK_THAT(evaluation_text(some_pictures(), class_names(3)),
             Equals("6 pictures: accuracy 0.5000, macro F1 0.4333\n"
                    "class pictures precision    recall        F1\n"
                    "0            3    1.0000    0.6667    0.8000\n"
                    "1            2    0.0000    0.0000    0.0000\n"
                    "2            1    0.3333    1.0000    0.5000\n"
                    "confusion matrix: rows are true classes, columns what they were taken for\n"
                    "         (1)   (2)   (3)\n"
                    " (1) 0     2     1     0\n"
                    " (2) 1     0     0     2\n"
                    " (3) 2     0     0     1\n"));
}

TEST_CASE("of many classes the most frequent confusions are shown") {
  evaluation found;
  for (std::size_t i = 0; i < 20; ++i) found.add(i, i == 5 ? 6 : i);
  found.add(5, 6);
  CHECK_THAT(evaluation_text(found, class_names(20)), Contains("       2 5 taken for 6\n"));
}

TEST_CASE("JSON has every pair of classes that occurred") {
  CHECK_THAT(evaluation_json(some_pictures(), class_names(3)),
             Contains(R"("accuracy":0.5,)") &&
                 Contains(R"({"class":0,"name":"0","pictures":3,"precision":1,)") &&
                 Contains(R"("confusion":[{"true":0,"predicted":0,"pictures":2},)") &&
                 Contains(R"({"true":1,"predicted":2,"pictures":2})"));
}
