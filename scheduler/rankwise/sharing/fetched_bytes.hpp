// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/sharing/byte_store.hpp>
#include <rankwise/sharing/segment.hpp>
#include <rankwise/sharing/share_wire.hpp>
#include <rankwise/task.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace rankwise::sharing {

/// The bytes of a shared value on a rank that is not the root: it fetches them from the rank that
/// the root names, piece by piece, and passes each piece on to ranks that ask for it, also while
/// others are on their way. Ranks of one host keep plain data in one segment, which the first of
/// them fills. A source that falls silent is exchanged for another, at worst the root.
///
/// Local: all but the answers to other ranks is done by the thread that runs tasks.
class fetched_bytes {
 public:
  /// If it `keeps_bytes` they are used where they arrive, and may stand in a segment; else they
  /// stay until `drop_if_idle`.
  fetched_bytes(engine::rank_context& context,
                std::uint64_t number,
                std::size_t n_bytes,
                bool keeps_bytes)
      : context_(&context),
        others_(context.others),
        number_(number),
        n_bytes_(n_bytes),
        n_pieces_(pieces_of(n_bytes)),
        keeps_bytes_(keeps_bytes) {
    others_->open(from(root_rank), [this, &kept = context.kept, number](auto& what) {
      if (wire::reader(what.content()).take_value<answer>().kind != answer_kind::let_go)
        return take(what);
      if (!is_fetching_) kept.drop(number);  // and this object with it
    });
    others_->open_service(
        from(context.rank),
        [this](const exchange::channel_message& asked, wire::bytes& out) { pass_on(asked, out); });
  }

  fetched_bytes(const fetched_bytes&) = delete;
  fetched_bytes& operator=(const fetched_bytes&) = delete;
  fetched_bytes(fetched_bytes&&) = delete;
  fetched_bytes& operator=(fetched_bytes&&) = delete;

  ~fetched_bytes() {
    leave_source();
    others_->close(from(context_->rank));
    others_->close(from(root_rank));
  }

  /// Fetches what is not here yet; false if the call is cancelled meanwhile.
  bool fetch() {
    set_fetching(true);
    patience_ = shortest_patience;
    if (!is_complete()) ask_for_source(request_kind::source);
    const bool is_whole = exchange::polled_until(*others_, context_->cancelled, [this] {
      if (!is_complete()) go_on();
      return is_complete();
    });
    leave_source();
    set_fetching(false);
    if (!is_whole) {
      refuse_waiting();
    } else if (n_pieces_ != 0) {
      post(root_rank,
           0,
           request{keeps_bytes_ ? request_kind::complete : request_kind::complete_alone, 0, 0});
    }
    return is_whole;
  }

  std::span<const std::byte> bytes() const { return store_.bytes(); }

  /// The bytes are not used here any more: they go once no other rank is fetching them.
  void drop_if_idle() RANKWISE_EXCLUDES(lock_) {
    const threads::lock_scope held(lock_);
    is_unused_ = true;
    drop_unused();
  }

 private:
  /// A source is asked for a sign of life after that time without one, and is given up after the
  /// other; that one grows, for the network may be slow.
  static constexpr core::duration ask_again_after = std::chrono::milliseconds(250);
  static constexpr core::duration shortest_patience = std::chrono::seconds(2);

  /// Another rank, and what it waits for.
  struct waiting_rank {
    rank_id rank = root_rank;
    std::uint64_t subject = 0;
    request what;

    bool operator==(const waiting_rank&) const = default;
  };

  std::uint64_t from(rank_id source) const { return channel_of(number_, source); }

  core::duration now() const { return context_->machine->now(); }

  /// The thread that runs tasks alone changes how many are here.
  bool is_complete() const { return n_here_ == n_pieces_; }

  void set_fetching(bool is_fetching) RANKWISE_EXCLUDES(lock_) {
    const threads::lock_scope held(lock_);
    is_fetching_ = is_fetching;
  }

  void post(rank_id to, std::uint64_t subject, const request& what) {
    wire::bytes content = exchange::channels::new_message();
    wire::append_value(content, what);
    others_->post(to, from(to), subject, std::move(content));
  }

  void ask_for_source(request_kind kind) {
    leave_source();
    post(root_rank, ++generation_, {kind, 0, 0});
    heard_at_ = asked_at_ = now();
  }

  void leave_source() {
    if (source_ && *source_ != root_rank) others_->close(from(*source_));
    source_.reset();
  }

  /// Asks for what comes next, and sees whether the source is there.
  void go_on() {
    const core::duration at = now();
    if (at - heard_at_ > patience_) {
      patience_ *= 2;
      return ask_for_source(source_ ? request_kind::other_source : request_kind::source);
    }
    if (!source_) return;
    if (has_store_ && store_.is_of_another()) {
      if (std::exchange(n_asked_, n_pieces_) == 0)
        post(*source_, generation_, {request_kind::whole, 0, store_.token()});
    } else if (has_store_) {
      while (n_asked_ < std::min(n_pieces_, n_here_ + pieces_ahead))
        post(*source_, generation_, {request_kind::piece, 0, n_asked_++});
    }
    if (at - std::max(heard_at_, asked_at_) < ask_again_after) return;
    asked_at_ = at;
    post(*source_, generation_, {request_kind::sign_of_life, 0, 0});
  }

  void take(const exchange::channel_message& what) {
    if (!is_fetching_ || what.subject != generation_) return;
    wire::reader reader(what.content());
    const auto head = reader.take_value<answer>();
    switch (head.kind) {
      case answer_kind::source:
        return take_source(to_rank(head.rank), head.number, reader);
      case answer_kind::segment:
        return attach(reader.take_value<segment_place>());
      case answer_kind::no_segment:
        return make_store();
      case answer_kind::piece:
        return take_piece(head.number, reader.take(reader.remaining()));
      case answer_kind::whole:
        return take_whole(head.number);
      case answer_kind::waiting:
        heard_at_ = now();
        return;
      case answer_kind::none:
        return ask_for_source(request_kind::other_source);
      case answer_kind::noted:
      case answer_kind::let_go:
        return;
    }
  }

  void take_source(rank_id source, std::uint64_t flags, wire::reader& reader) {
    std::vector<std::uint64_t> wanted{number_};
    while (reader.remaining() != 0) wanted.push_back(reader.take_value<std::uint64_t>());
    context_->kept.keep_only(wanted);
    source_ = source;
    if (source != root_rank) others_->open(from(source), [this](auto& sent) { take(sent); });
    heard_at_ = now();
    may_share_memory_ =
        keeps_bytes_ && n_bytes_ >= smallest_segment && (flags & others_are_near) != 0;
    leave_segment();
    n_asked_ = n_here_;
    if (has_store_) return;
    if (may_share_memory_ && (flags & source_is_near) != 0) {
      post(source, generation_, {request_kind::segment, 0, 0});
    } else {
      make_store();
    }
  }

  /// A segment that another rank was to fill, and has not, is of no use.
  void leave_segment() {
    if (!has_store_ || !store_.is_of_another()) return;
    refuse_waiting();
    set_store({}, false);
  }

  /// Looks at the segment in which the source has the value, or will have it.
  void attach(const segment_place& place) {
    heard_at_ = now();
    try {
      set_store(byte_store(segment(n_bytes_, place), true));
    } catch (const std::system_error& error) {
      say_no_segment(*context_, n_bytes_, error);
      set_store(byte_store(n_bytes_));
    }
  }

  void make_store() {
    heard_at_ = now();
    std::optional<segment> made =
        may_share_memory_ ? make_segment(*context_, n_bytes_) : std::nullopt;
    set_store(made ? byte_store(std::move(*made)) : byte_store(n_bytes_));
  }

  void set_store(byte_store store, bool is_there = true) RANKWISE_EXCLUDES(lock_) {
    {
      const threads::lock_scope held(lock_);
      store_ = std::move(store);
      has_store_ = is_there;
    }
    answer_waiting();
  }

  void take_piece(std::uint64_t piece, std::span<const std::byte> content) {
    if (!has_store_ || store_.is_of_another() || piece != n_here_ || is_complete()) return;
    patience_ = shortest_patience;
    if (content.size() != piece_of(store_.bytes(), piece).size())
      throw wire::decode_error("a piece of a shared value that has another length");
    std::memcpy(store_.data() + piece * piece_bytes, content.data(), content.size());
    count_here(piece + 1);
  }

  /// All of the segment of that token is there.
  void take_whole(std::uint64_t token) {
    if (has_store_ && store_.is_of_another() && store_.token() == token) count_here(n_pieces_);
  }

  /// So many pieces are here now.
  void count_here(std::uint64_t n_pieces) RANKWISE_EXCLUDES(lock_) {
    heard_at_ = now();
    {
      const threads::lock_scope held(lock_);
      n_here_ = n_pieces;
    }
    answer_waiting();
  }

  /// Answers those who wait for what has come, in the order in which they have asked. Who is being
  /// answered still waits: what that rank asks for meanwhile, of another thread, comes behind.
  void answer_waiting() RANKWISE_EXCLUDES(lock_) {
    while (const std::optional<waiting_rank> next = first_ready()) {
      wire::bytes out = exchange::channels::new_message();
      append_answer(next->what, out);
      others_->post(next->rank, from(context_->rank), next->subject, std::move(out));
      forget_waiting(*next);
    }
  }

  std::optional<waiting_rank> first_ready() RANKWISE_EXCLUDES(lock_) {
    const threads::lock_scope held(lock_);
    for (const waiting_rank& one : waiting_)
      if (is_here(one.what)) return one;
    return std::nullopt;
  }

  void forget_waiting(const waiting_rank& answered) RANKWISE_EXCLUDES(lock_) {
    const threads::lock_scope held(lock_);
    const auto place = std::find(waiting_.begin(), waiting_.end(), answered);
    if (place != waiting_.end()) waiting_.erase(place);
  }

  /// Whether the rank that has asked this waits for what it has asked earlier. Answers to what it
  /// asked before it last came to this source are of no use to it, in whatever order.
  bool is_waiting(const exchange::channel_message& asked) const RANKWISE_REQUIRES(lock_) {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const auto& one) {
      return one.rank == asked.from && one.subject == asked.subject;
    });
  }

  /// Nobody will get what this rank does not have.
  void refuse_waiting() RANKWISE_EXCLUDES(lock_) {
    std::vector<waiting_rank> refused;
    {
      const threads::lock_scope held(lock_);
      refused = std::exchange(waiting_, {});
    }
    for (const waiting_rank& one : refused) {
      wire::bytes out = exchange::channels::new_message();
      wire::append_value(out, answer{answer_kind::none, 0, 0});
      others_->post(one.rank, from(context_->rank), one.subject, std::move(out));
    }
  }

  /// Answers another rank, from whichever thread polls.
  void pass_on(const exchange::channel_message& asked, wire::bytes& out) RANKWISE_EXCLUDES(lock_) {
    const auto what = wire::reader(asked.content()).take_value<request>();
    const threads::lock_scope held(lock_);
    const bool has_all = has_store_ && n_here_ == n_pieces_;
    const bool is_of_old_segment =
        what.kind == request_kind::whole && (!has_store_ || what.piece != store_.token());
    if ((!is_fetching_ && !has_all) || is_of_old_segment) {
      wire::append_value(out, answer{answer_kind::none, 0, 0});
      return;
    }
    if (what.kind == request_kind::piece) note_served(asked.from, what.piece);
    if (is_here(what) && !is_waiting(asked)) {
      append_answer(what, out);
      drop_unused();
      return;
    }
    if (what.kind != request_kind::sign_of_life)
      waiting_.push_back({asked.from, asked.subject, what});
    wire::append_value(out, answer{answer_kind::waiting, 0, 0});
  }

  bool is_here(const request& what) const RANKWISE_REQUIRES(lock_) {
    if (!has_store_) return false;
    switch (what.kind) {
      case request_kind::piece:
        return what.piece < n_here_;
      case request_kind::segment:
        return true;
      case request_kind::whole:
        return n_here_ == n_pieces_;
      default:
        return false;
    }
  }

  /// Of what is here.
  void append_answer(const request& what, wire::bytes& out) const {
    if (what.kind == request_kind::segment) return append_segment(store_.shared_memory(), out);
    if (what.kind == request_kind::whole) {
      wire::append_value(out, answer{answer_kind::whole, 0, what.piece});
      return;
    }
    const std::span<const std::byte> content = piece_of(store_.bytes(), what.piece);
    wire::append_value(out, answer{answer_kind::piece, 0, what.piece});
    wire::append(out, content.data(), content.size());
  }

  /// `rank` has asked for `piece`; after the last one it is not served any more.
  void note_served(rank_id rank, std::uint64_t piece) RANKWISE_REQUIRES(lock_) {
    std::erase(served_, rank);
    if (piece + 1 != n_pieces_) served_.push_back(rank);
  }

  void drop_unused() RANKWISE_REQUIRES(lock_) {
    if (!is_unused_ || !served_.empty()) return;
    store_ = byte_store();
    has_store_ = false;
  }

  engine::rank_context* context_;
  exchange::channels* others_;
  std::uint64_t number_;
  std::size_t n_bytes_;
  std::uint64_t n_pieces_;
  bool keeps_bytes_;
  bool may_share_memory_ = false;
  std::uint64_t generation_ = 0;   // of the source
  std::optional<rank_id> source_;  // empty: not known yet
  std::uint64_t n_asked_ = 0;      // pieces
  core::duration heard_at_{};
  core::duration asked_at_{};
  core::duration patience_ = shortest_patience;

  // The thread that runs tasks changes the first four, under the lock, and reads them without it.
  threads::mutex lock_;
  byte_store store_;
  bool has_store_ = false;
  bool is_fetching_ = false;
  std::uint64_t n_here_ = 0;  // pieces, from the first on
  bool is_unused_ = false;
  std::vector<waiting_rank> waiting_;
  std::vector<rank_id> served_;  // ranks that have not asked for the last piece yet
};

}  // namespace rankwise::sharing
