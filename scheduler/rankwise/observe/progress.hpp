// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/options.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/text/units.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace rankwise::observe {

/// Returns `line` or `plain` for `automatic`, and any other mode as it is.
constexpr progress_mode resolve(progress_mode mode, bool on_terminal) {
  if (mode != progress_mode::automatic) return mode;
  return on_terminal ? progress_mode::line : progress_mode::plain;
}

/// The rate at which items have been done lately: over the last ten seconds, or longer if these saw
/// fewer than twenty items.
class recent_rate {
 public:
  /// At time `at_s` `n_done` items were done; both never fall.
  void add(double at_s, std::uint64_t n_done) {
    constexpr double spacing_s = 0.2;
    if (samples_.empty()) samples_.push_back({0, 0});
    latest_ = {at_s, n_done};
    if (n_done > samples_.back().n_done && at_s - samples_.back().at_s >= spacing_s)
      samples_.push_back(latest_);
    while (samples_.size() > 1 && spans_enough(samples_[1])) samples_.pop_front();
  }

  /// Returns items a second; 0 if nothing is known.
  double per_second() const {
    if (samples_.empty()) return 0;
    const double span_s = latest_.at_s - samples_.front().at_s;
    return span_s > 0 ? static_cast<double>(latest_.n_done - samples_.front().n_done) / span_s : 0;
  }

 private:
  struct sample {
    double at_s = 0;
    std::uint64_t n_done = 0;
  };

  bool spans_enough(const sample& from) const {
    constexpr double enough_s = 10;
    constexpr std::uint64_t enough_items = 20;
    return latest_.at_s - from.at_s >= enough_s && latest_.n_done - from.n_done >= enough_items;
  }

  std::deque<sample> samples_;
  sample latest_;
};

/// Decides when to show how far a call is, and what.
///
/// On a terminal one line, written over again; elsewhere a line after 2 s, and then at growing
/// intervals. A call that is over before its first line shows nothing; every other ends with a line
/// of exact numbers.
class progress {
 public:
  using sink = std::function<void(std::string_view)>;

  /// `columns` is the terminal's width.
  progress(progress_mode resolved, std::size_t columns, sink write)
      : mode_(resolved), columns_(std::max<std::size_t>(columns, 2)), write_(std::move(write)) {}

  /// The job as it stands in the middle of a call, at time `at` of any clock that does not go back.
  /// Cheap where nothing is due.
  void update(const job_statistics& job, core::duration at) {
    if (mode_ == progress_mode::none || mode_ == progress_mode::automatic) return;
    if (!in_call_) begin_call(at);
    if (at < next_look_) return;
    next_look_ = at + look_interval;
    const job_statistics call = since_base(job);
    recent_.add(call.elapsed_s, call.items_done - call.items_held);
    if (at < next_line_) return;
    next_line_ = at + interval_after(n_lines_++);
    show(running_text(call));
  }

  /// Brings the line on the terminal, if there is one, up to the job as it stands. Returns whether
  /// there is.
  bool show_now(const job_statistics& job) {
    if (mode_ != progress_mode::line || n_lines_ == 0) return false;
    show(running_text(since_base(job)));
    return true;
  }

  /// Something else is going to be written: the line is taken off the terminal, until it is next
  /// due.
  void make_room() {
    if (mode_ != progress_mode::line || shown_ == 0) return;
    write_("\r" + std::string(shown_, ' ') + "\r");
    shown_ = 0;
  }

  /// The call is over.
  void end_call(const job_statistics& job) {
    if (n_lines_ != 0) {
      show(final_text(since_base(job)));
      if (mode_ == progress_mode::line) write_("\n");
    }
    in_call_ = false;
    n_lines_ = 0;
    shown_ = 0;
    base_ = job;
  }

 private:
  static constexpr core::duration look_interval = std::chrono::milliseconds(100);

  void begin_call(core::duration at) {
    using namespace std::chrono_literals;
    in_call_ = true;
    recent_ = {};
    next_look_ = at;
    next_line_ = at + (mode_ == progress_mode::line ? core::duration(300ms) : core::duration(2s));
  }

  core::duration interval_after(std::size_t n_lines) const {
    constexpr std::array seconds{5, 10, 30, 60};
    if (mode_ == progress_mode::line) return look_interval;
    return std::chrono::seconds(seconds[std::min(n_lines, seconds.size() - 1)]);
  }

  // Of this call alone.
  job_statistics since_base(const job_statistics& job) const {
    job_statistics call = job;
    call.items_done -= base_.items_done;
    call.items_held -= base_.items_held;
    call.items_total -= base_.items_total;
    call.failures -= base_.failures;
    call.elapsed_s -= base_.elapsed_s;
    return call;
  }

  static double share_done(const job_statistics& call) {
    return call.items_total == 0
               ? 1.0
               : static_cast<double>(call.items_done) / static_cast<double>(call.items_total);
  }

  static std::string done_text(const job_statistics& call) {
    return fmt::format(
        "{}/{} items  {}", call.items_done, call.items_total, percent_text(share_done(call)));
  }

  std::string running_text(const job_statistics& call) const {
    std::string text = done_text(call);
    const double rate = recent_.per_second();
    if (rate > 0) {
      const double left_s = static_cast<double>(call.items_total - call.items_done) / rate;
      text += fmt::format("  {}/s  ETA {}", amount_text(rate), time_text(left_s));
    }
    return with_bar(
        text +
            fmt::format("  {}/{} ranks  {} failed", call.ranks_at_work, call.ranks, call.failures),
        call);
  }

  std::string final_text(const job_statistics& call) const {
    return with_bar(fmt::format("{}  {}/s  in {}  {} ranks  {} failed",
                                done_text(call),
                                amount_text(observe::rate(call)),
                                time_text(call.elapsed_s),
                                call.ranks,
                                call.failures),
                    call);
  }

  std::string with_bar(const std::string& text, const job_statistics& call) const {
    // One width for all of a call's lines: a bar that shrinks as the numbers grow seems to go back.
    const std::size_t width = columns_ >= 110 ? 30 : columns_ >= 95 ? 20 : 10;
    const bool fits = text.size() + width + std::string_view("[] ").size() < columns_;
    if (mode_ != progress_mode::line || !fits) return text;
    const auto filled = static_cast<std::size_t>(share_done(call) * static_cast<double>(width));
    std::string bar(width, ' ');
    std::fill_n(bar.begin(), std::min(filled, width), '=');
    if (filled < width) bar[filled] = '>';
    return fmt::format("[{}] {}", bar, text);
  }

  void show(std::string text) {
    if (mode_ != progress_mode::line) {
      write_(text + "\n");
      return;
    }
    // The last column stays free: many terminals go to the next line once it is written.
    text.resize(std::min(text.size(), columns_ - 1));
    const std::size_t length = text.size();
    if (length < shown_) text.append(shown_ - length, ' ');
    shown_ = length;
    write_("\r" + text);
  }

  progress_mode mode_;
  std::size_t columns_;
  sink write_;
  bool in_call_ = false;
  core::duration next_look_{};
  core::duration next_line_{};
  std::size_t n_lines_ = 0;
  std::size_t shown_ = 0;  ///< length of the line on the terminal
  recent_rate recent_;
  job_statistics base_;  ///< at the end of the last call
};

}  // namespace rankwise::observe
