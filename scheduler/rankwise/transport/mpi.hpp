// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/transport/alone.hpp>
#include <rankwise/transport/endpoint.hpp>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::transport {

/// Throws an `mpi_error` where `code` is not success.
inline void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw mpi_error(call, code, std::string(text.data(), static_cast<std::size_t>(length)));
}

/// An endpoint over MPI, on its own duplicate of the caller's communicator.
///
/// Collective over `communicator`: the constructor and the destructor. All else is local and does
/// not block: Isend, Irecv, Iprobe and Test.
class mpi final : public endpoint {
 public:
  /// Frames of more than `part_bytes` bytes travel in parts of that size, since MPI counts with an
  /// int.
  explicit mpi(const boost::mpi::communicator& communicator,
               std::size_t part_bytes = std::size_t{1} << 29U)
      : communicator_(communicator, boost::mpi::comm_duplicate),
        part_bytes_(part_bytes),
        n_sent_(static_cast<std::size_t>(communicator_.size())),
        n_received_(static_cast<std::size_t>(communicator_.size())),
        expected_(static_cast<std::size_t>(communicator_.size()), 1) {
    MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN);
    int level = MPI_THREAD_SINGLE;
    MPI_Query_thread(&level);
    may_change_threads_ = level >= MPI_THREAD_SERIALIZED;
  }

  /// What each rank has given.
  ///
  /// Collective over the communicator. Throws: mpi_error.
  template <class T>

    requires std::is_trivially_copyable_v<T> std::vector<T> gather_everywhere(const T& mine) {
      std::vector<T> all(n_ranks());
      check_mpi(MPI_Allgather(
                    &mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, communicator_),
                "MPI_Allgather");
      return all;
    }

  rank_id rank() const override { return rank_id{communicator_.rank()}; }

  std::uint32_t n_ranks() const override {
    return static_cast<std::uint32_t>(communicator_.size());
  }

  const std::string& host() const override { return host_; }

  bool may_change_threads() const override { return may_change_threads_; }

  void send(rank_id to, wire::bytes frame) override {
    ++n_sent_[to_index(to)];
    // In its place before MPI is called: if that fails, what is on its way must stay in memory.
    std::vector<outgoing>& kept = is_expected(to) ? sending_ : stuck_;
    outgoing& sent = kept.emplace_back();
    sent.to = to;
    sent.frame = std::move(frame);
    if (sent.frame.size() <= part_bytes_) {
      post_send(sent, to, sent.frame.data(), sent.frame.size(), tag::frame);
    } else {
      sent.size = std::make_unique<std::uint64_t>(sent.frame.size());
      post_send(sent, to, sent.size.get(), sizeof *sent.size, tag::size_of_large);
      for (std::size_t at = 0; at < sent.frame.size(); at += part_bytes_) {
        post_send(sent,
                  to,
                  sent.frame.data() + at,
                  std::min(part_bytes_, sent.frame.size() - at),
                  tag::part);
      }
    }
    // A small frame has mostly gone at once.
    if (sent.requests.test()) {
      recycle(std::move(sent.frame));
      kept.pop_back();
    }
    complete_sends(tested_at_once);
  }

  bool try_receive(rank_id& from, wire::bytes& frame) override {
    complete_sends(tested_at_once);
    int found = 0;
    MPI_Status status;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, communicator_, &found, &status),
              "MPI_Iprobe");
    if (found != 0) post_receive(status);
    for (std::size_t i = 0; i < arriving_.size(); ++i) {
      if (!is_first_of_its_source(i) || !arriving_[i].requests.test()) continue;
      from = rank_id{arriving_[i].source};
      recycle(std::exchange(frame, std::move(arriving_[i].frame)));
      arriving_.erase(arriving_.begin() + static_cast<std::ptrdiff_t>(i));
      ++n_received_[to_index(from)];
      return true;
    }
    return false;
  }

  bool in_motion() const override {
    return !sending_.empty() ||
           std::any_of(arriving_.begin(), arriving_.end(), [this](const arrival& one) {
             return is_expected(rank_id{one.source});
           });
  }

  bool all_sent() override {
    complete_sends(sending_.size());
    return sending_.empty();
  }

  void expect(rank_id rank, bool expected) override {
    expected_[to_index(rank)] = expected ? 1 : 0;
    std::vector<outgoing>& from = expected ? stuck_ : sending_;
    std::vector<outgoing>& into = expected ? sending_ : stuck_;
    const auto others_end = std::stable_partition(
        from.begin(), from.end(), [rank](const outgoing& one) { return one.to != rank; });
    into.insert(into.end(), std::move_iterator(others_end), std::move_iterator(from.end()));
    from.erase(others_end, from.end());
  }

  /// Takes in all that others have sent to this rank, and drops it: nothing is on its way any more
  /// when the communicator is freed. (Open MPI gives its number to the next one, where a late
  /// message would stand for one of that.)
  ///
  /// Collective over the communicator, after the last `send` of each rank.
  void drain() {
    std::vector<std::uint64_t> coming(n_ranks());
    MPI_Request counted = MPI_REQUEST_NULL;
    check_mpi(MPI_Ialltoall(n_sent_.data(),
                            1,
                            MPI_UINT64_T,
                            coming.data(),
                            1,
                            MPI_UINT64_T,
                            communicator_,
                            &counted),
              "MPI_Ialltoall");
    rank_id from{};
    wire::bytes dropped;
    // Others may wait for this rank to take something before they come here.
    for (int is_counted = 0; is_counted == 0 || n_received_ != coming || !all_sent();) {
      if (is_counted == 0)
        check_mpi(MPI_Test(&counted, &is_counted, MPI_STATUS_IGNORE), "MPI_Test");
      if (!try_receive(from, dropped)) std::this_thread::yield();
    }
  }

  wire::bytes new_buffer() override {
    if (free_.empty()) return {};
    wire::bytes buffer = std::move(free_.back());
    free_.pop_back();
    buffer.clear();
    return buffer;
  }

 private:
  enum class tag : int { frame = 1, size_of_large = 2, part = 3 };

  static constexpr std::size_t tested_at_once = 16;

  /// The requests of one frame: one, but for large frames.
  class request_set {
   public:
    void add(MPI_Request request) {
      if (first_ == MPI_REQUEST_NULL) {
        first_ = request;
      } else {
        others_.push_back(request);
      }
    }

    bool test() {
      int done = 1;
      if (first_ != MPI_REQUEST_NULL)
        check_mpi(MPI_Test(&first_, &done, MPI_STATUS_IGNORE), "MPI_Test");
      if (done != 0 && !others_.empty()) {
        const int n = static_cast<int>(others_.size());
        check_mpi(MPI_Testall(n, others_.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
      }
      return done != 0;
    }

   private:
    MPI_Request first_ = MPI_REQUEST_NULL;
    std::vector<MPI_Request> others_;
  };

  struct outgoing {
    rank_id to = root_rank;
    wire::bytes frame;
    std::unique_ptr<std::uint64_t> size;  // of a large one
    request_set requests;
  };

  struct arrival {
    int source = 0;
    wire::bytes frame;
    request_set requests;
  };

  void post_send(outgoing& sent, rank_id to, const void* data, std::size_t n_bytes, tag kind) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(data,
                        static_cast<int>(n_bytes),
                        MPI_BYTE,
                        static_cast<int>(to),
                        static_cast<int>(kind),
                        communicator_,
                        &request),
              "MPI_Isend");
    sent.requests.add(request);
  }

  bool is_expected(rank_id rank) const { return expected_[to_index(rank)] != 0; }

  /// Tests `n_most` of the frames that are out, and lets go of those that have been sent. None
  /// waits for another one: a rank that takes nothing holds up its own frames alone.
  void complete_sends(std::size_t n_most) {
    for (std::size_t n = std::min(n_most, sending_.size()); n != 0; --n) {
      if (next_tested_ >= sending_.size()) next_tested_ = 0;
      outgoing& one = sending_[next_tested_];
      if (!one.requests.test()) {
        ++next_tested_;
        continue;
      }
      recycle(std::move(one.frame));
      if (next_tested_ + 1 != sending_.size()) one = std::move(sending_.back());
      sending_.pop_back();
    }
  }

  void recycle(wire::bytes buffer) {
    constexpr std::size_t kept_at_most = 64;
    constexpr std::size_t small_bytes = std::size_t{1} << 16U;
    if (buffer.capacity() != 0 && buffer.capacity() <= small_bytes && free_.size() < kept_at_most) {
      free_.push_back(std::move(buffer));
    }
  }

  void post_receive(const MPI_Status& status) {
    arrival& next = arriving_.emplace_back();
    next.source = status.MPI_SOURCE;
    if (status.MPI_TAG == static_cast<int>(tag::size_of_large)) {
      // Eight bytes that the probe has seen are here: this does not wait. The parts' receives must
      // be posted before the next probe, which would take a part for a frame.
      std::uint64_t size = 0;
      check_mpi(MPI_Recv(&size,
                         sizeof size,
                         MPI_BYTE,
                         next.source,
                         status.MPI_TAG,
                         communicator_,
                         MPI_STATUS_IGNORE),
                "MPI_Recv");
      next.frame.resize(size);
      for (std::size_t at = 0; at < size; at += part_bytes_) {
        post_receive_into(
            next, at, std::min<std::size_t>(part_bytes_, size - at), static_cast<int>(tag::part));
      }
    } else {
      int n_bytes = 0;
      check_mpi(MPI_Get_count(&status, MPI_BYTE, &n_bytes), "MPI_Get_count");
      next.frame = new_buffer();
      next.frame.resize(static_cast<std::size_t>(n_bytes));
      post_receive_into(next, 0, next.frame.size(), status.MPI_TAG);
    }
  }

  void post_receive_into(arrival& next, std::size_t at, std::size_t n_bytes, int kind) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Irecv(next.frame.data() + at,
                        static_cast<int>(n_bytes),
                        MPI_BYTE,
                        next.source,
                        kind,
                        communicator_,
                        &request),
              "MPI_Irecv");
    next.requests.add(request);
  }

  bool is_first_of_its_source(std::size_t position) const {
    for (std::size_t i = 0; i < position; ++i) {
      if (arriving_[i].source == arriving_[position].source) return false;
    }
    return true;
  }

  boost::mpi::communicator communicator_;
  std::size_t part_bytes_;
  std::string host_ = this_host();
  bool may_change_threads_ = false;
  std::vector<std::uint64_t> n_sent_;      // frames, by rank
  std::vector<std::uint64_t> n_received_;  // the same
  std::vector<outgoing> sending_;
  std::size_t next_tested_ = 0;  // of those
  std::vector<outgoing> stuck_;  // to ranks that are not expected to take them
  std::vector<char> expected_;   // by rank
  std::deque<arrival> arriving_;
  std::vector<wire::bytes> free_;
};

}  // namespace rankwise::transport
