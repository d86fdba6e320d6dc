// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/transport/alone.hpp>
#include <rankwise/transport/buffer_pool.hpp>
#include <rankwise/transport/doorbells.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/transport/mpi_message.hpp>
#include <rankwise/transport/mpi_receiver.hpp>
#include <rankwise/transport/mpi_sender.hpp>
#include <rankwise/wire/buffer.hpp>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::transport {

/// An endpoint over MPI, on its own duplicate of the caller's communicator.
///
/// Collective over `communicator`: the constructor and the destructor. All else is local and does
/// not block.
class mpi final : public endpoint {
 public:
  /// Large frames travel in parts of at most `part_bytes` bytes, since MPI counts with an int.
  explicit mpi(const boost::mpi::communicator& communicator,
               std::size_t part_bytes = std::size_t{1} << 29U)
      : communicator_(own(communicator)),
        bells_(n_ranks_of(communicator_)),
        sender_(communicator_, n_ranks_of(communicator_), part_bytes, buffers_),
        receiver_(communicator_, n_ranks_of(communicator_), part_bytes, buffers_) {
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

  /// Gives every rank what rank 0 has in `frame`.
  ///
  /// Collective over the communicator. Throws: mpi_error.
  void broadcast(wire::bytes& frame) {
    std::uint64_t left = frame.size();
    check_mpi(MPI_Bcast(&left, 1, MPI_UINT64_T, 0, communicator_), "MPI_Bcast");
    frame.resize(left);
    // MPI counts with an int.
    constexpr std::uint64_t part_bytes = std::uint64_t{1} << 29U;
    for (std::byte* at = frame.data(); left != 0;) {
      const std::uint64_t n = std::min(left, part_bytes);
      check_mpi(MPI_Bcast(at, static_cast<int>(n), MPI_BYTE, 0, communicator_), "MPI_Bcast");
      at += n;
      left -= n;
    }
  }

  rank_id rank() const override { return rank_id{communicator_.rank()}; }

  std::uint32_t n_ranks() const override {
    return static_cast<std::uint32_t>(communicator_.size());
  }

  const std::string& host() const override { return host_; }

  transport::machine& machine() override { return bells_.own_machine(); }

  bool may_change_threads() const override { return may_change_threads_; }

  /// The descriptor of this rank's doorbell, for the others' `reach_doorbells`; -1: it has none.
  int doorbell_descriptor() const { return bells_.own_descriptor(); }

  /// From now on this rank wakes those of its host that sleep when it sends them something. `ranks`
  /// has all ranks of the communicator.
  void reach_doorbells(const std::vector<doorbell_place>& ranks) { bells_.reach(rank(), ranks); }

  void send(rank_id to, wire::bytes frame) override {
    sender_.send(to, std::move(frame));
    bells_.ring(to);
  }

  bool try_receive(rank_id& from, wire::bytes& frame) override {
    sender_.complete_some();
    return receiver_.try_receive(from, frame);
  }

  bool in_motion() const override {
    return sender_.any_under_way() ||
           receiver_.any_in_part([this](rank_id rank) { return sender_.is_expected(rank); });
  }

  bool all_sent() override { return sender_.all_sent(); }

  void expect(rank_id rank, bool expected) override { sender_.expect(rank, expected); }

  void forget(rank_id rank) override {
    sender_.forget(rank);
    receiver_.forget(rank);
  }

  /// Takes in all that others have sent to this rank, and drops it: nothing is on its way any more
  /// when the communicator is freed. (Open MPI gives its number to the next one, where a late
  /// message would stand for one of that.)
  ///
  /// Collective over the communicator, after the last `send` of each rank.
  void drain() {
    std::vector<std::uint64_t> coming(n_ranks());
    MPI_Request counted = MPI_REQUEST_NULL;
    check_mpi(MPI_Ialltoall(sender_.n_sent().data(),
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
    for (int is_counted = 0; is_counted == 0 || receiver_.n_received() != coming || !all_sent();) {
      if (is_counted == 0)
        check_mpi(MPI_Test(&counted, &is_counted, MPI_STATUS_IGNORE), "MPI_Test");
      if (!try_receive(from, dropped)) std::this_thread::yield();
    }
  }

  wire::bytes new_buffer() override { return buffers_.take(); }

 private:
  static boost::mpi::communicator own(const boost::mpi::communicator& callers) {
    boost::mpi::communicator made(callers, boost::mpi::comm_duplicate);
    MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN);
    return made;
  }

  static std::size_t n_ranks_of(const boost::mpi::communicator& communicator) {
    return static_cast<std::size_t>(communicator.size());
  }

  boost::mpi::communicator communicator_;
  std::string host_ = this_host();
  bool may_change_threads_ = false;
  doorbells bells_;
  buffer_pool buffers_;
  mpi_sender sender_;
  mpi_receiver receiver_;
};

}  // namespace rankwise::transport
