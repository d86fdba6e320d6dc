// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rank.hpp>
#include <rankwise/transport/endpoint.hpp>

#include <string>

namespace rankwise::transport {

/// The only rank of a job: a program started without mpirun.
class alone final : public endpoint {
 public:
  rank_id rank() const override { return root_rank; }

  std::uint32_t n_ranks() const override { return 1; }

  const std::string& host() const override { return host_; }

  bool may_change_threads() const override { return true; }

  void send(rank_id /*to*/, wire::bytes /*frame*/) override {}

  bool try_receive(rank_id& /*from*/, wire::bytes& /*frame*/) override { return false; }

  bool all_sent() override { return true; }

 private:
  std::string host_ = this_host();
};

}  // namespace rankwise::transport
