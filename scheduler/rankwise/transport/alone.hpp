// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/transport/endpoint.hpp>

#include <array>
#include <string>
#include <unistd.h>
#include <utility>

namespace rankwise {

/// The name of this host, as `gethostname` gives it.
inline std::string this_host() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace rankwise

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
