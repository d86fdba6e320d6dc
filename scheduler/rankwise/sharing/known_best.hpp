// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/channels.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/sharing/forked_number.hpp>
#include <rankwise/sharing/share_wire.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unistd.h>
#include <utility>

namespace rankwise::sharing {

/// The best number that a rank knows of: of what was offered here, and what the root has told. A
/// rank tells the root what it has improved, before it reports the task that has done so; and the
/// root tells the others. So what any rank knows from another the root knows too.
///
/// Local: any thread may read and offer; messages are taken by whichever thread polls.
template <class Number, class Better>
class known_best {
 public:
  explicit known_best(Number initial) : number_(initial), told_(initial) {}

  Number value() const { return (*number_).load(std::memory_order_relaxed); }

  /// True if `offered` is better than all that was known here.
  bool offer(Number offered) {
    if (!improve(*number_, offered)) return false;
    tell();
    return true;
  }

  /// Tells others what they have not been told: nothing in a forked child, whose offers the rank
  /// itself finds here.
  void tell() {
    const Number known = value();
    if (!Better{}(known, told_.load(std::memory_order_relaxed)) || ::getpid() != process_) return;
    exchange::channels* const others = others_.load(std::memory_order_acquire);
    if (others == nullptr || !improve(told_, known)) return;
    if (rank_ != root_rank) {
      others->post(root_rank, channel(), 0, message_of(known));
    } else {
      for (std::uint32_t row = 1; row < others->n_ranks(); ++row)
        others->post(to_rank(row), channel(), 0, message_of(known));
    }
    others->send_posted();
  }

  /// Takes what another rank has found; true if the others are to be told.
  bool take(Number found) {
    improve(*number_, found);
    return improve(told_, found);
  }

  /// Messages of the other ranks are taken from now on, on the channels of `number`. A rank that is
  /// not the root says what it knows, and is told what is better.
  void join(exchange::channels& others, rank_id rank, std::uint64_t number) {
    rank_ = rank;
    object_ = number;
    others.open_relay(channel(), [this](const exchange::channel_message& sent) {
      if (rank_ == root_rank) return answer(read(sent));
      take(read(sent));
      return reply();
    });
    if (rank != root_rank) others.post(root_rank, channel(), 0, message_of(value()));
    others_.store(&others, std::memory_order_release);
  }

  /// There are no others any more.
  void leave() {
    if (exchange::channels* const others = others_.exchange(nullptr)) others->close(channel());
  }

 private:
  using reply = exchange::channels::reply;
  using audience = exchange::channels::audience;

  static bool improve(std::atomic<Number>& known, Number found) {
    Number before = known.load(std::memory_order_relaxed);
    while (Better{}(found, before)) {
      if (known.compare_exchange_weak(before, found, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  std::uint64_t channel() const { return channel_of(object_, root_rank); }

  static wire::bytes message_of(Number number) {
    wire::bytes content = exchange::channels::new_message();
    wire::append_value(content, number);
    return content;
  }

  static Number read(const exchange::channel_message& sent) {
    return wire::reader(sent.content()).template take_value<Number>();
  }

  /// At the root.
  reply answer(Number found) {
    if (take(found)) return {audience::all_others, message_of(found)};
    const Number known = value();
    if (Better{}(known, found)) return {audience::sender, message_of(known)};
    return {};
  }

  forked_number<Number> number_;
  std::atomic<Number> told_;  // the root knows of it; at the root: all do
  std::atomic<exchange::channels*> others_{nullptr};
  rank_id rank_ = root_rank;
  std::uint64_t object_ = 0;
  pid_t process_ = ::getpid();
};

}  // namespace rankwise::sharing
