// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rank.hpp>
#include <rankwise/transport/abandoned.hpp>
#include <rankwise/transport/buffer_pool.hpp>
#include <rankwise/transport/mpi_message.hpp>
#include <rankwise/wire/buffer.hpp>

#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace rankwise::transport {

/// Sends frames over MPI, and keeps them until they have gone.
///
/// Local: nothing blocks. Throws: mpi_error.
class mpi_sender {
 public:
  /// `buffers` gets the memory of frames that have gone.
  mpi_sender(MPI_Comm communicator,
             std::size_t n_ranks,
             std::size_t part_bytes,
             buffer_pool& buffers)
      : communicator_(communicator),
        part_bytes_(part_bytes),
        buffers_(&buffers),
        n_sent_(n_ranks),
        expected_(n_ranks, 1) {}

  void send(rank_id to, wire::bytes frame) {
    if (frame.size() + sizeof(message_trailer) <= longest_message) {
      send_small(to, std::move(frame));
    } else {
      send_large(to, std::move(frame));
    }
    if (!sending_.empty()) complete(tested_at_once);
  }

  /// Tests some of the frames that are out, and lets go of those that have gone.
  void complete_some() {
    if (!sending_.empty()) complete(tested_at_once);
  }

  /// All frames to ranks that are expected to take them have gone.
  bool all_sent() {
    complete(sending_.size());
    return sending_.empty();
  }

  bool any_under_way() const { return !sending_.empty(); }

  void expect(rank_id rank, bool expected) {
    expected_[to_index(rank)] = expected ? 1 : 0;
    move_frames_of(rank, expected ? stuck_ : sending_, expected ? sending_ : stuck_);
  }

  bool is_expected(rank_id rank) const { return expected_[to_index(rank)] != 0; }

  /// `rank` takes nothing any more.
  void forget(rank_id rank) {
    for (std::vector<outgoing>* const from : {&sending_, &stuck_}) {
      const std::size_t n_before = abandoned_.size();
      move_frames_of(rank, *from, abandoned_);
      for (std::size_t i = n_before; i < abandoned_.size(); ++i)
        discard_content(abandoned_[i].frame);
    }
  }

  /// How many frames were sent, by rank.
  const std::vector<std::uint64_t>& n_sent() const { return n_sent_; }

 private:
  static constexpr std::size_t tested_at_once = 16;

  struct announcement {
    std::uint64_t size = 0;
    message_trailer trailer;
  };

  struct outgoing {
    rank_id to = root_rank;
    wire::bytes frame;
    std::unique_ptr<announcement> announced;  // of a large one
    request_set requests;
  };

  void send_small(rank_id to, wire::bytes frame) {
    wire::append_value(frame, message_trailer{next_number(to), 0});
    MPI_Request request = post(to, frame.data(), frame.size(), mpi_tag::frame);
    // It has mostly gone at once.
    int has_gone = 0;
    const int code = MPI_Test(&request, &has_gone, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS && has_gone != 0) {
      buffers_->keep(std::move(frame));
      return;
    }
    outgoing& kept = add(to, std::move(frame));
    kept.requests.add(request);
    check_mpi(code, "MPI_Test");
  }

  /// In its place before MPI is called: if that fails, what is on its way must stay in memory.
  void send_large(rank_id to, wire::bytes frame) {
    outgoing& kept = add(to, std::move(frame));
    wire::bytes& all = kept.frame;
    kept.announced = std::make_unique<announcement>();
    *kept.announced = {all.size(), {next_number(to), 1}};
    kept.requests.add(post(to, kept.announced.get(), sizeof(announcement), mpi_tag::frame));
    for (std::size_t at = 0; at < all.size(); at += part_bytes_) {
      kept.requests.add(
          post(to, all.data() + at, std::min(part_bytes_, all.size() - at), mpi_tag::part));
    }
  }

  std::uint32_t next_number(rank_id to) {
    return static_cast<std::uint32_t>(n_sent_[to_index(to)]++);
  }

  outgoing& add(rank_id to, wire::bytes frame) {
    outgoing& kept = (is_expected(to) ? sending_ : stuck_).emplace_back();
    kept.to = to;
    kept.frame = std::move(frame);
    return kept;
  }

  MPI_Request post(rank_id to, const void* data, std::size_t n_bytes, mpi_tag tag) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(data,
                        static_cast<int>(n_bytes),
                        MPI_BYTE,
                        static_cast<int>(to),
                        static_cast<int>(tag),
                        communicator_,
                        &request),
              "MPI_Isend");
    return request;
  }

  /// Tests `n_most` of the frames that are out, and lets go of those that have gone. None waits for
  /// another one: a rank that takes nothing holds up its own frames alone.
  void complete(std::size_t n_most) {
    for (std::size_t n = std::min(n_most, sending_.size()); n != 0; --n) {
      if (next_tested_ >= sending_.size()) next_tested_ = 0;
      outgoing& tested = sending_[next_tested_];
      if (!tested.requests.test()) {
        ++next_tested_;
        continue;
      }
      buffers_->keep(std::move(tested.frame));
      if (next_tested_ + 1 != sending_.size()) tested = std::move(sending_.back());
      sending_.pop_back();
    }
  }

  static void move_frames_of(rank_id rank,
                             std::vector<outgoing>& from,
                             std::vector<outgoing>& into) {
    std::vector<outgoing> others;
    for (outgoing& one : from) (one.to == rank ? into : others).push_back(std::move(one));
    from = std::move(others);
  }

  MPI_Comm communicator_;
  std::size_t part_bytes_;
  buffer_pool* buffers_;
  std::vector<std::uint64_t> n_sent_;  // frames, by rank
  std::vector<char> expected_;         // by rank
  std::vector<outgoing> sending_;
  std::size_t next_tested_ = 0;      // of those
  std::vector<outgoing> stuck_;      // to ranks that are not expected to take them
  std::vector<outgoing> abandoned_;  // to ranks that have ended; MPI may still read them
};

}  // namespace rankwise::transport
