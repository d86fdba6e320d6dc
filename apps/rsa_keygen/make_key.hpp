// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files.hpp>

#include "rsa_keygen/exercise.hpp"
#include "rsa_keygen/job.hpp"
#include "rsa_keygen/key.hpp"
#include "rsa_keygen/key_directory.hpp"
#include "rsa_keygen/key_engine.hpp"
#include "rsa_keygen/sealed_key.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unistd.h>

namespace rsa_keygen {

/// A key just made, and its private file, which has no name yet.
struct made_key {
  key_result result;  ///< but for rank and host, which the caller knows
  std::unique_ptr<rankwise::files::published_file> file;  ///< none if the key was sealed
};

/// Makes key `index` of the job as `request` says, maybe `again`: its file may be there then.
///
/// Local: nothing can be seen of the key on this host until the caller publishes the file.
/// Throws: rankwise::config_error if the directory can't take the key; exercise_error;
/// openssl_error; rankwise::files::file_error from writing.
inline made_key make_key(const key_request& request, std::uint64_t index, bool again = false) {
  const auto start = std::chrono::steady_clock::now();
  const key_directory directory(request.directory);
  const bool stays = request.recipient.empty();
  if (stays) {  // asked before the work is done, though publishing would find out too
    directory.make();
    if (!again) directory.check_free(index, request.count);
  }

  const pkey key = generate(request.bits, request.engine);
  made_key made;
  const std::string der = public_der(key);
  made.result.public_pem = public_pem(der);
  made.result.fingerprint = fingerprint(der);
  made.result.bits = EVP_PKEY_get_bits(key.get());
  if (request.exercise) exercise(key, read_public(made.result.public_pem));
  if (stays) {
    made.file = std::make_unique<rankwise::files::published_file>(
        directory.private_file(index, request.count),
        rankwise::files::publishing{.earlier = again ? rankwise::files::if_there::replace
                                                     : rankwise::files::if_there::refuse,
                                    .mode = 0600});
    made.file->write(view(private_pem(key)));
    made.file->complete();
  } else {
    made.result.sealed = seal(key, read_public(request.recipient));
  }
  // Not std::thread::hardware_concurrency, which counts the cores that this rank is bound to.
  made.result.cores = static_cast<std::int32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  made.result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return made;
}

}  // namespace rsa_keygen
