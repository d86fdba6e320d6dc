// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files.hpp>

#include "rsa_keygen/gathering.hpp"
#include "rsa_keygen/job.hpp"
#include "rsa_keygen/key_directory.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
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
  directory.make();
  using rankwise::files::if_there;
  const auto publish = [](const std::filesystem::path& path,
                          std::string_view contents,
                          const rankwise::files::publishing& rules) {
    rankwise::files::published_file file(path, rules);
    file.write(contents);
    file.publish();
  };
  for (std::size_t index = 0; index < keys.size(); ++index) {
    const key_result& key = keys[index];
    if (gathered) {
      publish(
          directory.private_file(index, keys.size()), gathered->encrypted_pem(key), {.mode = 0600});
    }
    // Made again from the private key should the disk lose it, so there is no need to wait for the
    // disk.
    publish(directory.public_file(index, keys.size()),
            key.public_pem,
            {.earlier = resumed ? if_there::replace : if_there::refuse,
             .mode = 0644,
             .durable = false});
  }
}

}  // namespace rsa_keygen
