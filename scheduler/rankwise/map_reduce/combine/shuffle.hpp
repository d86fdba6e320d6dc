// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/channels.hpp>
#include <rankwise/map_reduce/combine/part_options.hpp>
#include <rankwise/map_reduce/combine/record_block.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Sends records to the ranks that own their keys, and takes theirs, while tasks run: one by one,
/// gathered for each rank, or as blocks of one segment. To each rank so much is under way at most:
/// it says what it has taken.
///
/// Local: nothing blocks, but that a rank that can't send waits for the other one, and takes what
/// comes in meanwhile.
template <class Value>
class shuffle {
 public:
  /// Takes records; it must not throw.
  using receiver = std::function<void(std::span<const std::byte> records)>;

  /// Takes a block of records of one segment; it must not throw.
  using block_receiver = std::function<void(std::uint64_t segment, record_block block)>;

  /// Messages are so small that they take a quarter of `memory_bytes` at most, where that is not 0
  /// and ranks are not too many.
  shuffle(exchange::channels& others,
          std::uint64_t channel,
          const shuffle_group& group,
          const std::atomic<bool>& cancelled,
          receiver take,
          std::size_t memory_bytes = 0,
          block_receiver take_block = {})
      : others_(&others),
        channel_(channel),
        group_(group),
        cancelled_(&cancelled),
        take_(std::move(take)),
        take_block_(std::move(take_block)),
        message_bytes_(message_bytes_for(group.n_rows, memory_bytes)),
        window_bytes_(memory_bytes == 0 ? std::max(messages_under_way * message_bytes_,
                                                   most_under_way / group.n_rows)
                                        : messages_under_way * message_bytes_) {
    for (std::uint32_t row = 0; row < group.n_rows; ++row)
      lines_.push_back({record_writer<Value>(), 0, 0});
    others_->open(channel_, [this](exchange::channel_message& what) { handle(what); });
  }

  shuffle(const shuffle&) = delete;
  shuffle& operator=(const shuffle&) = delete;
  shuffle(shuffle&&) = delete;
  shuffle& operator=(shuffle&&) = delete;

  ~shuffle() { others_->close(channel_); }

  /// Sends a record to the rank of `row`, which is not this one, some time.
  template <class Key>
  void put(std::uint32_t row, Key key, const Value& value) {
    record_writer<Value>& out = lines_[row].out;
    if (out.size() == 0) begin(out);
    out.put(key, value);
    if (out.size() >= message_bytes_) post(row);
  }

  /// Sends a block of records of one segment to the rank of `row`, which is not this one.
  void put_block(std::uint32_t row, std::uint64_t segment, record_block block) {
    send(row, as_number(subject::block) | segment << subject_bits, block.release());
    // What has come is taken before the other one has to wait for that.
    if (++n_blocks_ % blocks_between_looks == 0) others_->poll();
  }

  /// Sends all records that are left, and then that there will be no more.
  void finish() {
    for (std::uint32_t step = 1; step < group_.n_rows; ++step) {
      const std::uint32_t row = (group_.row + step) % group_.n_rows;
      post(row);
      others_->post(
          rank_of(row), channel_, as_number(subject::end), exchange::channels::new_message());
    }
  }

  /// Waits until no rank of the group has any more for this one.
  ///
  /// Throws: std::runtime_error if the call is cancelled meanwhile.
  void wait_for_all() {
    exchange::poll_until(*others_, *cancelled_, [this] { return n_ended_ + 1 == group_.n_rows; });
  }

  /// Bytes of records sent so far.
  std::uint64_t bytes_sent() const { return bytes_sent_; }

  /// Memory that is taken at most, in bytes: messages under way here and there.
  std::size_t bytes_at_most() const {
    return (group_.n_rows - 1) * 2 * (window_bytes_ + message_bytes_);
  }

 private:
  /// The lowest bits of a message's subject; above them stand a block's segment, or a credit's
  /// bytes.
  enum class subject : std::uint64_t { records, block, credit, end };

  static constexpr unsigned subject_bits = 8;

  static constexpr std::size_t most_bytes = std::size_t{256} << 10U;
  static constexpr std::size_t least_bytes = std::size_t{16} << 10U;
  static constexpr std::size_t messages_under_way = 4;
  static constexpr std::size_t most_under_way = std::size_t{32}
                                                << 20U;  // where memory is not short
  static constexpr std::uint32_t blocks_between_looks = 8;

  static std::size_t n_messages_at_most(std::size_t n_rows) {
    return (n_rows - 1) * 2 * (messages_under_way + 1);
  }

  static std::size_t message_bytes_for(std::size_t n_rows, std::size_t memory_bytes) {
    std::size_t share = most_bytes * 16 / n_rows;
    if (memory_bytes != 0 && n_rows > 1)
      share = std::min(share, memory_bytes / 4 / n_messages_at_most(n_rows));
    return std::clamp(share, least_bytes, most_bytes);
  }

  struct line {
    record_writer<Value> out;
    std::size_t bytes_under_way = 0;
    std::size_t bytes_taken = 0;  // of what came from there, and not said so yet
  };

  static constexpr std::uint64_t as_number(subject what) {
    return static_cast<std::uint64_t>(what);
  }

  rank_id rank_of(std::uint32_t row) const { return to_rank(group_.first_rank + row); }

  void begin(record_writer<Value>& out) {
    out = record_writer<Value>(exchange::channels::new_message());
    out.reserve(message_bytes_ + record_slack + exchange::channel_headroom);
  }

  void post(std::uint32_t row) {
    record_writer<Value>& out = lines_[row].out;
    if (out.size() != 0) send(row, as_number(subject::records), out.release());
  }

  void send(std::uint32_t row, std::uint64_t said, wire::bytes content) {
    line& to = lines_[row];
    exchange::poll_until(*others_, *cancelled_, [&] { return to.bytes_under_way < window_bytes_; });
    bytes_sent_ += content.size() - exchange::channel_headroom;
    to.bytes_under_way += content.size() - exchange::channel_headroom;
    others_->post(rank_of(row), channel_, said, std::move(content));
  }

  void handle(exchange::channel_message& what) {
    line& from = lines_[to_index(what.from) - group_.first_rank];
    const std::uint64_t number = what.subject >> subject_bits;
    switch (static_cast<subject>(what.subject % (1U << subject_bits))) {
      case subject::records: {
        const std::span<const std::byte> content = what.content();
        if (content.size() >= record_slack) take_(content.first(content.size() - record_slack));
        give_credit(what.from, from, content.size());
        break;
      }
      case subject::block: {
        const std::size_t n_bytes = what.content().size();
        if (n_bytes >= record_slack && take_block_)
          take_block_(number, record_block(std::move(what.frame), what.at));
        give_credit(what.from, from, n_bytes);
        break;
      }
      case subject::credit:
        from.bytes_under_way -= std::min<std::size_t>(number, from.bytes_under_way);
        break;
      case subject::end:
        ++n_ended_;
        break;
    }
  }

  /// Says what was taken, where that has come to as much as a message; the other one waits only
  /// where several such are under way.
  void give_credit(rank_id rank, line& from, std::size_t n_bytes) {
    from.bytes_taken += n_bytes;
    if (from.bytes_taken < message_bytes_) return;
    const std::uint64_t said = as_number(subject::credit) | from.bytes_taken << subject_bits;
    from.bytes_taken = 0;
    others_->post(rank, channel_, said, exchange::channels::new_message());
  }

  exchange::channels* others_;
  std::uint64_t channel_;
  shuffle_group group_;
  const std::atomic<bool>* cancelled_;
  receiver take_;
  block_receiver take_block_;
  std::size_t message_bytes_;
  std::size_t window_bytes_;  // to each rank
  std::vector<line> lines_;   // by row
  std::uint32_t n_ended_ = 0;
  std::uint32_t n_blocks_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace rankwise::combine
