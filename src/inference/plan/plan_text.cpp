// SPDX-License-Identifier: MIT
#include "inference/plan/plan_text.hpp"

#include <rankwise/text.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace rankwise::inference {

namespace {

constexpr double as_ms = 1e3;

const plan& chosen_plan(const plan_choice& choice) {
  return *choice.all[choice.chosen].what;
}

/// Items a second of all of the model on one rank; 0 where that is not among the alternatives.
double rate_of_one(const plan_choice& choice) {
  for (const alternative& one : choice.all) {
    if (one.what && one.what->n_ranks() == 1) return one.what->rate;
  }
  return 0;
}

std::string speed_up_text(const plan_choice& choice, double rate) {
  const double one = rate_of_one(choice);
  return one > 0 ? fmt::format("{:.2f} x one rank", rate / one) : "";
}

std::string stage_rows(const plan_problem& problem, const plan& shown) {
  std::string text = fmt::format("{:>5}  {:<10} {:>4}  {:<16} {:>11} {:>9} {:>9} {:>9} {:>9}\n",
                                 "stage",
                                 "operators",
                                 "rank",
                                 "host",
                                 "compute, ms",
                                 "in, ms",
                                 "out, ms",
                                 "memory",
                                 "items/s");
  for (std::size_t i = 0; i < shown.stages.size(); ++i) {
    const planned_stage& stage = shown.stages[i];
    for (const seat_cost& seat : stage.seats) {
      const bool is_first = &seat == &stage.seats.front();
      fmt::format_to(std::back_inserter(text),
                     "{:>5}  {:<10} {:>4}  {:<16} {:>11.2f} {:>9.2f} {:>9.2f} {:>9} {:>9}\n",
                     is_first ? std::to_string(i) : "",
                     is_first ? fmt::format("{}-{}", stage.first, stage.last - 1) : "",
                     seat.rank,
                     problem.ranks[seat.rank].host,
                     seat.compute_s * as_ms,
                     seat.in_s * as_ms,
                     seat.out_s * as_ms,
                     observe::bytes_text(stage.memory_bytes),
                     observe::amount_text(seat.rate()));
    }
  }
  return text;
}

/// What of a seat takes longest.
std::string slowest_part(const planned_stage& stage) {
  const seat_cost& seat = stage.seats.front();
  const double longest = std::max(seat.in_s, seat.out_s);
  if (seat.compute_s >= longest) return "computing";
  return seat.in_s >= seat.out_s ? "what comes in" : "what goes out";
}

std::string bound_text(const plan& shown) {
  const planned_stage& stage = shown.stages[shown.bottleneck];
  if (shown.is_root_link)
    return fmt::format("bound by the root's link, which lets {} items/s through to stage {}",
                       observe::amount_text(shown.rate),
                       shown.bottleneck);
  return fmt::format("bound by stage {}: {} items/s, most of it {}",
                     shown.bottleneck,
                     observe::amount_text(stage.rate),
                     slowest_part(stage));
}

/// How far the plan is from the best one at most, where not all plans were looked at.
std::string nearness_line(const plan& shown) {
  if (shown.bound == 0) return "";
  const double below = 100 * (1 - shown.rate / shown.bound);
  constexpr double least = 0.1;
  return fmt::format(
      "within {:.1f} % of the best plan: ranks are too unequal, or operators too "
      "many, to look at all\n",
      std::max(least, std::ceil(below * 10 - 1e-6) / 10));
}

/// The classes of links that have been measured.
std::string links_line(const plan_problem& problem) {
  const auto is_measured = [](const link_cost& link) {
    return link.latency_s > 0 || std::isfinite(link.bytes_per_s);
  };
  std::vector<std::string> links;
  if (is_measured(problem.same_host)) links.push_back("on a host " + link_text(problem.same_host));
  if (is_measured(problem.network))
    links.push_back("between hosts " + link_text(problem.network) + " (the slowest of them)");
  return links.empty() ? "" : fmt::format("links: {}\n", fmt::join(links, "; "));
}

std::string alternative_rows(const plan_choice& choice) {
  std::string text;
  for (std::size_t i = 0; i < choice.all.size(); ++i) {
    const alternative& one = choice.all[i];
    if (!one.what) {
      fmt::format_to(std::back_inserter(text), "  {:<10} none: {}\n", one.name, one.why_none);
      continue;
    }
    fmt::format_to(
        std::back_inserter(text),
        "  {:<10} {:>7} items/s  {:>16}  {} in {}{}\n",
        one.name,
        observe::amount_text(one.what->rate),
        speed_up_text(choice, one.what->rate),
        one.what->n_ranks() == 1 ? "1 rank" : fmt::format("{} ranks", one.what->n_ranks()),
        one.what->stages.size() == 1 ? "1 stage"
                                     : fmt::format("{} stages", one.what->stages.size()),
        i == choice.chosen ? "  (chosen)" : "");
  }
  return text;
}

/// Whole copies against the best that has more than one stage.
std::string advice(const plan_choice& choice) {
  double copies = 0;
  double cut = 0;
  for (const alternative& one : choice.all) {
    if (!one.what) continue;
    double& best = one.what->stages.size() == 1 ? copies : cut;
    best = std::max(best, one.what->rate);
  }
  if (cut == 0) return "";
  if (copies == 0) return "No rank has the memory for all of the model: it has to be cut.\n";
  constexpr double a_little = 1.01;
  if (copies * a_little < cut)
    return "A cut model is faster here than whole copies: ranks or links are unequal.\n";
  return "Whole copies are as fast here as any pipeline; cut the model where memory is short.\n";
}

std::string plan_object(const plan_problem& problem, const plan& shown) {
  std::string stages;
  for (const planned_stage& stage : shown.stages) {
    std::string seats;
    for (const seat_cost& seat : stage.seats)
      fmt::format_to(std::back_inserter(seats),
                     R"({}{{"rank":{},"host":{},"compute_s":{:.9f},"in_s":{:.9f},"out_s":{:.9f}}})",
                     seats.empty() ? "" : ",",
                     seat.rank,
                     json_text(problem.ranks[seat.rank].host),
                     seat.compute_s,
                     seat.in_s,
                     seat.out_s);
    fmt::format_to(std::back_inserter(stages),
                   R"({}{{"first":{},"last":{},"memory_bytes":{},"rate":{:.6g},"ranks":[{}]}})",
                   stages.empty() ? "" : ",",
                   stage.first,
                   stage.last - 1,
                   stage.memory_bytes,
                   stage.rate,
                   seats);
  }
  return fmt::format(R"({{"rate":{:.6g}{},"bottleneck":{},"is_root_link":{},"stages":[{}]}})",
                     shown.rate,
                     shown.bound == 0 ? "" : fmt::format(R"(,"no_plan_above":{:.6g})", shown.bound),
                     shown.bottleneck,
                     shown.is_root_link,
                     stages);
}

std::string link_object(const link_cost& link) {
  // Without a limit there is no number for the bandwidth.
  return fmt::format(
      R"({{"latency_s":{:.9f},"bytes_per_s":{},"overlaps":{}}})",
      link.latency_s,
      std::isfinite(link.bytes_per_s) ? fmt::format("{:.6g}", link.bytes_per_s) : "null",
      link.overlaps);
}

}  // namespace

std::string link_text(const link_cost& link) {
  const std::string bandwidth =
      std::isfinite(link.bytes_per_s)
          ? observe::bytes_text(static_cast<std::uint64_t>(std::min(link.bytes_per_s, 1e18))) + "/s"
          : "no limit";
  return fmt::format("{:.3g} ms and {}, {} computing",
                     link.latency_s * as_ms,
                     bandwidth,
                     link.overlaps ? "beside" : "on top of");
}

std::string plan_text(const plan_problem& problem, const plan_choice& choice) {
  const plan& shown = chosen_plan(choice);
  std::string text = fmt::format(
      "plan: {}, {} items/s expected{}\n",
      choice.all[choice.chosen].name,
      observe::amount_text(shown.rate),
      rate_of_one(choice) > 0 ? fmt::format(" ({})", speed_up_text(choice, shown.rate)) : "");
  text += stage_rows(problem, shown);
  text += bound_text(shown) + "\n" + nearness_line(shown) + links_line(problem);
  text += "alternatives:\n" + alternative_rows(choice);
  return text + advice(choice);
}

std::string plan_json(const plan_problem& problem, const plan_choice& choice) {
  std::string others;
  for (const alternative& one : choice.all) {
    fmt::format_to(std::back_inserter(others),
                   R"({}{}:{})",
                   others.empty() ? "" : ",",
                   json_text(one.name),
                   one.what ? plan_object(problem, *one.what)
                            : fmt::format(R"({{"none":{}}})", json_text(one.why_none)));
  }
  std::vector<std::string> names;
  for (const std::string& name : choice.operators) names.push_back(json_text(name));
  return fmt::format(
      R"({{"chosen":{},"operators":[{}],"same_host":{},"network":{},"plans":{{{}}}}})",
      json_text(choice.all[choice.chosen].name),
      fmt::join(names, ","),
      link_object(problem.same_host),
      link_object(problem.network),
      others);
}

std::string result_text(const plan_choice& choice, const plan_result& result) {
  const plan& shown = chosen_plan(choice);
  std::string text = fmt::format("{} items/s, {:.2f} of the {} expected\n",
                                 observe::amount_text(result.rate),
                                 result.rate / shown.rate,
                                 observe::amount_text(shown.rate));
  fmt::format_to(std::back_inserter(text),
                 "{:>5} {:>5} {:>14} {:>14}\n",
                 "stage",
                 "rank",
                 "expected, ms",
                 "achieved, ms");
  for (const seat_result& seat : result.seats) {
    const std::vector<seat_cost>& seats = shown.stages[seat.stage].seats;
    const auto found = std::find_if(
        seats.begin(), seats.end(), [&](const seat_cost& one) { return one.rank == seat.rank; });
    if (found == seats.end()) continue;
    fmt::format_to(std::back_inserter(text),
                   "{:>5} {:>5} {:>14.2f} {:>14.2f}\n",
                   seat.stage,
                   seat.rank,
                   found->compute_s * as_ms,
                   seat.seconds * as_ms);
  }
  return text;
}

}  // namespace rankwise::inference
