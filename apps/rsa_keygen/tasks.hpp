// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include "rsa_keygen/job.hpp"
#include "rsa_keygen/key_directory.hpp"
#include "rsa_keygen/make_key.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rsa_keygen {

/// The task: makes the key of an index; its file gets its name only once the root has accepted the
/// result.
struct key_task {
  key_request request = {};

  key_result operator()(rankwise::task_context& context, std::uint64_t index) const {
    made_key made = make_key(request, index, context.again());
    made.result.rank = static_cast<std::int32_t>(context.rank());
    made.result.host = context.host();
    if (made.file && request.keep) {
      // Shared because a handler must be copyable; there is one owner.
      context.when_settled([file = std::shared_ptr(std::move(made.file))](bool accepted) {
        if (accepted) file->publish();
      });
    }
    return std::move(made.result);
  }
};

/// The private keys of the job that lie on a host.
struct host_keys {
  std::string host;
  std::vector<std::uint64_t> indices;
};

/// The task: sees that this rank's directory can take keys, and which of `count` an earlier job has
/// left there.
struct directory_task {
  std::string directory = {};
  std::uint64_t count = 0;
  bool resumed = false;

  host_keys operator()(rankwise::task_context& context, std::uint32_t /*row*/) const {
    const key_directory keys(directory);
    keys.check(resumed);
    return {context.host(), resumed ? keys.present(count) : std::vector<std::uint64_t>{}};
  }
};

/// An earlier job may have made some of the keys.
inline bool is_resumed(const rankwise::options& options) {
  return options.resume || options.retry_failed;
}

/// Has every rank look at its directory, so that one that can't serve ends the job before a key is
/// made. Returns what lies there.
inline std::vector<host_keys> check_on_all_ranks(const rankwise::pool& pool,
                                                 const key_directory& directory,
                                                 std::uint64_t count) {
  rankwise::options one_each = pool.options();
  one_each.quiet = true;
  one_each.on_error = rankwise::on_error_kind::collect;  // to hear of all hosts that can't serve
  one_each.journal.clear();
  one_each.isolate = false;
  return pool.with(one_each).on_each_rank(
      directory_task{directory.path().string(), count, is_resumed(pool.options())});
}

}  // namespace rsa_keygen
