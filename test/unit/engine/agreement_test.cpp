// SPDX-License-Identifier: MIT
#include <rankwise/engine/job/agreement.hpp>

#include "catch.hpp"

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace rankwise;

/// What another rank throws where rank 0 throws `error`.
template <class Error>
std::exception_ptr elsewhere(const Error& error) {
  const wire::bytes frame =
      engine::encode_outcome(engine::outcome_of(std::make_exception_ptr(error), "pi"));
  return engine::failure_of(engine::decode_outcome({frame.data(), frame.size()}));
}

template <class Error>
std::string text_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("another rank throws what rank 0 throws") {
  const task_error failed({{3, 1, "pi", "no luck", true}, {5, 2, "pc", "nor here", false}}, 9);
  try {
    std::rethrow_exception(elsewhere(failed));
  } catch (const task_error& error) {
    CHECK(std::string(error.what()) == failed.what());
    REQUIRE(error.failures().size() == 2);
    CHECK(error.failures()[1].rank == 2);
    CHECK(error.is_configuration());
    CHECK(error.n_items() == 9);
  }
  CHECK(text_of<config_error>(elsewhere(config_error("x.csv:3"))) == "x.csv:3");
  CHECK(text_of<rank_lost>(elsewhere(rank_lost("gone"))) == "gone");
  CHECK(text_of<journal_error>(elsewhere(journal_error("full"))) == "full");
  CHECK(text_of<root_failed>(elsewhere(std::logic_error("odd"))) == "rank 0 (pi): odd");
  CHECK(text_of<root_failed>(elsewhere(5)) ==
        "rank 0 (pi): an exception that is not a std::exception");
  CHECK(engine::failure_of(engine::outcome_of(nullptr, "pi")) == nullptr);
}

TEST_CASE("ranks in different calls are told apart") {
  using form = engine::collective_form;
  const auto text = [](const std::vector<form>& forms) {
    try {
      engine::require_same_call(forms);
    } catch (const config_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(text({{"map", true, 4}, {"map", true, 4}}).empty());
  CHECK(text({{"map", true, 1}, {"map", true, 1}, {"map", false, 1}})
            .starts_with("found rankwise::map of 1 input on rank 2 and rankwise::map, results "
                         "everywhere, of 1 input on rank 0, accepted: the same call"));
}
