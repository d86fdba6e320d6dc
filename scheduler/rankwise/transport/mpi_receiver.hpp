// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rank.hpp>
#include <rankwise/transport/abandoned.hpp>
#include <rankwise/transport/buffer_pool.hpp>
#include <rankwise/transport/mpi_message.hpp>
#include <rankwise/wire/buffer.hpp>

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace rankwise::transport {

/// Receives frames over MPI. Some receives of small messages from any rank are posted at all times:
/// a message goes to its place as it comes in, and one test finds it.
///
/// Local: nothing blocks. Throws: mpi_error; wire::decode_error if a message can't be read.
class mpi_receiver {
 public:
  /// `buffers` has memory for frames.
  mpi_receiver(MPI_Comm communicator,
               std::size_t n_ranks,
               std::size_t part_bytes,
               buffer_pool& buffers)
      : communicator_(communicator),
        part_bytes_(part_bytes),
        buffers_(&buffers),
        n_taken_(n_ranks),
        n_received_(n_ranks),
        is_forgotten_(n_ranks) {
    for (std::size_t at = 0; at < n_posted; ++at) post(at);
  }

  mpi_receiver(const mpi_receiver&) = delete;
  mpi_receiver& operator=(const mpi_receiver&) = delete;
  mpi_receiver(mpi_receiver&&) = delete;
  mpi_receiver& operator=(mpi_receiver&&) = delete;

  ~mpi_receiver() {
    int is_over = 0;
    MPI_Finalized(&is_over);
    if (is_over != 0) return;
    for (std::size_t at = 0; at < n_posted; ++at) withdraw(posted_[at], places_[at]);
    for (posted_receive& one : unfinished_) withdraw(one.request, one.place);
  }

  /// Takes the next frame that has come in whole; false if there is none.
  bool try_receive(rank_id& from, wire::bytes& frame) {
    if (!arriving_.empty() && take_whole(from, frame)) return true;
    MPI_Status status;
    while (test(posted_[first_], status)) {
      const message found = read(places_[first_], status);
      const bool is_due = hand_out(found, from, frame);
      if (!is_due) keep(found);
      start(posted_[first_]);
      first_ = after(first_);
      if (is_due || take_whole(from, frame)) return true;
    }
    if (++n_looks_in_vain_ % looks_between != 0) return false;
    return look_behind_first() && take_whole(from, frame);
  }

  /// Frames from ranks that are `expected(rank)` have come in in part.
  template <class Expected>
  bool any_in_part(Expected expected) const {
    const auto is_of_expected = [&](const auto& one) { return expected(one.from); };
    return std::any_of(arriving_.begin(), arriving_.end(), is_of_expected) ||
           std::any_of(early_.begin(), early_.end(), is_of_expected);
  }

  /// Nothing more comes from `rank`.
  void forget(rank_id rank) {
    is_forgotten_[to_index(rank)] = 1;
    std::erase_if(early_, [rank](const early_message& one) { return one.from == rank; });
    std::erase_if(arriving_, [&](arrival& one) {
      if (one.from != rank) return false;
      discard_content(one.frame);
      abandoned_.push_back(std::move(one));
      return true;
    });
  }

  /// How many frames were received, by rank.
  const std::vector<std::uint64_t>& n_received() const { return n_received_; }

 private:
  static constexpr std::size_t n_posted = 16;
  static constexpr std::uint32_t looks_between = 4;

  using memory = std::unique_ptr<std::byte[]>;

  struct posted_receive {
    MPI_Request request = MPI_REQUEST_NULL;
    memory place;
  };

  /// A message of tag `frame`, where MPI has put it.
  struct message {
    rank_id from = root_rank;
    message_trailer trailer;
    std::span<const std::byte> content;
  };

  /// One that has overtaken others of its sender.
  struct early_message {
    rank_id from = root_rank;
    message_trailer trailer;
    wire::bytes content;
  };

  /// A frame that is not whole yet, or that one before it is not.
  struct arrival {
    rank_id from = root_rank;
    std::uint32_t number = 0;
    wire::bytes frame;
    request_set requests;
  };

  /// Makes the receive of row `at`, and posts it.
  void post(std::size_t at) {
    places_[at].reset(new std::byte[longest_message]);
    check_mpi(MPI_Recv_init(places_[at].get(),
                            static_cast<int>(longest_message),
                            MPI_BYTE,
                            MPI_ANY_SOURCE,
                            static_cast<int>(mpi_tag::frame),
                            communicator_,
                            &posted_[at]),
              "MPI_Recv_init");
    start(posted_[at]);
  }

  static std::size_t after(std::size_t at) { return at + 1 == n_posted ? 0 : at + 1; }

  static void start(MPI_Request& request) { check_mpi(MPI_Start(&request), "MPI_Start"); }

  static bool test(MPI_Request& request, MPI_Status& status) {
    int is_done = 0;
    check_mpi(MPI_Test(&request, &is_done, &status), "MPI_Test");
    return is_done != 0;
  }

  static void withdraw(MPI_Request& request, memory& place) {
    MPI_Cancel(&request);
    int is_done = 0;
    MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
    // Else MPI has begun to fill it, and may go on.
    if (is_done == 0) static_cast<void>(place.release());
    MPI_Request_free(&request);
  }

  static message read(const memory& from, const MPI_Status& status) {
    int n_bytes = 0;
    check_mpi(MPI_Get_count(&status, MPI_BYTE, &n_bytes), "MPI_Get_count");
    message found;
    found.from = rank_id{status.MPI_SOURCE};
    if (static_cast<std::size_t>(n_bytes) < sizeof found.trailer)
      throw wire::decode_error("a message that is too short to have a number");
    const std::size_t n_content = static_cast<std::size_t>(n_bytes) - sizeof found.trailer;
    found.content = {from.get(), n_content};
    std::memcpy(&found.trailer, from.get() + n_content, sizeof found.trailer);
    return found;
  }

  /// Hands out a small frame, if it is the one that is due of its sender.
  bool hand_out(const message& found, rank_id& from, wire::bytes& frame) {
    const std::size_t row = to_index(found.from);
    if (found.trailer.is_announcement != 0 ||
        found.trailer.number != static_cast<std::uint32_t>(n_received_[row])) {
      return false;
    }
    if (frame.capacity() == 0 || !buffer_pool::is_small(frame)) frame = buffers_->take();
    frame.assign(found.content.begin(), found.content.end());
    from = found.from;
    ++n_taken_[row];
    ++n_received_[row];
    if (!early_.empty()) take_early(row);
    return true;
  }

  /// MPI fills the receives in the order of their posting. If it has not finished the first one,
  /// and maybe never does, later ones may be full: keeps the message of one. Returns whether there
  /// was any.
  bool look_behind_first() {
    bool any = false;
    std::erase_if(unfinished_, [&](posted_receive& one) {
      MPI_Status status;
      if (!test(one.request, status)) return false;
      keep(read(one.place, status));
      MPI_Request_free(&one.request);
      any = true;
      return true;
    });
    int position = 0;
    int is_found = 0;
    MPI_Status status;
    check_mpi(MPI_Testany(n_posted, posted_.data(), &position, &is_found, &status), "MPI_Testany");
    if (is_found == 0) return any;
    const auto at = static_cast<std::size_t>(position);
    keep(read(places_[at], status));
    while (first_ != at) {
      unfinished_.push_back({posted_[first_], std::move(places_[first_])});
      post(first_);
      first_ = after(first_);
    }
    start(posted_[at]);
    first_ = after(at);
    return true;
  }

  /// Keeps a message that can't be handed out at once.
  void keep(const message& found) {
    const std::size_t row = to_index(found.from);
    if (is_forgotten_[row] != 0) return;
    if (found.trailer.number == static_cast<std::uint32_t>(n_taken_[row])) {
      take_in_turn(found);
      if (!early_.empty()) take_early(row);
    } else {
      early_.push_back(
          {found.from, found.trailer, wire::bytes(found.content.begin(), found.content.end())});
    }
  }

  /// Takes what has overtaken the messages that rank `row` had sent before.
  void take_early(std::size_t row) {
    const auto is_next = [&](const early_message& one) {
      return to_index(one.from) == row &&
             one.trailer.number == static_cast<std::uint32_t>(n_taken_[row]);
    };
    for (;;) {
      const auto next = std::find_if(early_.begin(), early_.end(), is_next);
      if (next == early_.end()) return;
      take_in_turn({next->from, next->trailer, next->content});
      early_.erase(next);
    }
  }

  void take_in_turn(const message& found) {
    ++n_taken_[to_index(found.from)];
    arrival& next = arriving_.emplace_back();
    next.from = found.from;
    next.number = found.trailer.number;
    if (found.trailer.is_announcement == 0) {
      next.frame.assign(found.content.begin(), found.content.end());
    } else {
      next.frame.resize(wire::reader(found.content).take_value<std::uint64_t>());
      post_parts(next);
    }
  }

  void post_parts(arrival& next) {
    for (std::size_t at = 0; at < next.frame.size(); at += part_bytes_) {
      MPI_Request request = MPI_REQUEST_NULL;
      check_mpi(MPI_Irecv(next.frame.data() + at,
                          static_cast<int>(std::min(part_bytes_, next.frame.size() - at)),
                          MPI_BYTE,
                          static_cast<int>(next.from),
                          static_cast<int>(mpi_tag::part),
                          communicator_,
                          &request),
                "MPI_Irecv");
      next.requests.add(request);
    }
  }

  /// Takes the first frame that is whole and the next of its sender.
  bool take_whole(rank_id& from, wire::bytes& frame) {
    for (auto one = arriving_.begin(); one != arriving_.end(); ++one) {
      std::uint64_t& n_received = n_received_[to_index(one->from)];
      if (one->number != static_cast<std::uint32_t>(n_received) || !one->requests.test()) continue;
      from = one->from;
      buffers_->keep(std::exchange(frame, std::move(one->frame)));
      arriving_.erase(one);
      ++n_received;
      return true;
    }
    return false;
  }

  MPI_Comm communicator_;
  std::size_t part_bytes_;
  buffer_pool* buffers_;
  std::array<MPI_Request, n_posted> posted_{};  // a ring, in the order of their posting
  std::array<memory, n_posted> places_;         // of the messages, by row of those
  std::size_t first_ = 0;                       // row of the one that was posted first
  std::uint32_t n_looks_in_vain_ = 0;
  std::vector<posted_receive> unfinished_;  // with messages that others have overtaken
  std::vector<std::uint64_t> n_taken_;      // frames whose messages were taken, by rank
  std::vector<std::uint64_t> n_received_;   // frames handed out, by rank
  std::vector<char> is_forgotten_;          // by rank
  std::vector<early_message> early_;
  std::list<arrival> arriving_;
  std::vector<arrival> abandoned_;  // of ranks that have ended; MPI may still write to them
};

}  // namespace rankwise::transport
