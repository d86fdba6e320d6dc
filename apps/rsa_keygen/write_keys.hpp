// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/gathering.hpp"
#include "rsa_keygen/job.hpp"
#include "rsa_keygen/key_directory.hpp"
#include "rsa_keygen/pending_file.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace rsa_keygen {

/// What the root keeps of each key: the public one, and with --gather the private one.
///
/// Local. The files may be there already where the job is `resumed`.
/// Throws: what making a file and opening a sealed key throw.
inline void write_keys(const key_directory& directory,
                       const std::vector<key_result>& keys,
                       const std::optional<gathering>& gathered,
                       bool resumed = false) {
  for (std::size_t index = 0; index < keys.size(); ++index) {
    const key_result& key = keys[index];
    if (gathered) {
      pending_file(directory.private_file(index, keys.size()), gathered->encrypted_pem(key))
          .publish();
    }
    // Made again from the private key should the disk lose it, so there is no need to wait for the
    // disk.
    pending_file file(directory.public_file(index, keys.size()),
                      key.public_pem,
                      {.mode = 0644, .durable = false});
    resumed ? file.publish_again() : file.publish();
  }
}

}  // namespace rsa_keygen
