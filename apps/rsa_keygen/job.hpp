// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/key_engine.hpp"
#include "rsa_keygen/sealed_key.hpp"

#include <cstdint>
#include <string>

namespace rsa_keygen {

/// What a rank is asked for: one key. All requests of a job are alike.
struct key_request {
  std::string directory = {};  ///< absolute; where private keys go
  std::uint64_t count = 0;     ///< keys in the job, which the length of the file names follows
  std::int32_t bits = 0;
  key_engine engine = key_engine::openssl;
  bool exercise = false;  ///< use the key before it is given out
  bool keep = true;       ///< false: the key is made for its time only, and no file is left of it
  std::string recipient = {};  ///< public key (PEM) that the private key is to be sealed for;
                               ///< empty: it stays on its host
};

/// What comes back to the root. Of the private key nothing, unless it was asked for, and then
/// sealed.
struct key_result {
  std::string public_pem;
  std::string fingerprint;
  std::int32_t bits = 0;
  sealed_key sealed;       ///< empty unless the request named a recipient
  std::int32_t rank = 0;   ///< that made the key
  std::string host;        ///< of that rank
  std::int32_t cores = 0;  ///< of that host
  double seconds = 0;      ///< that the whole task took
};

}  // namespace rsa_keygen
