// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/random.hpp>

#include <openssl/rand.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace bench {

/// While one lives, OpenSSL draws from a stream that a seed and an index decide, so that the same
/// keys can be made twice, in two ways, and compared in pairs: the time for an RSA key differs by a
/// third to a half from key to key, which would hide what the way of making it costs. Anybody can
/// make these keys again: they are good for nothing but a benchmark.
class seeded_keys {
 public:
  seeded_keys() {
    if (RAND_set_rand_method(&method()) != 1)
      throw std::runtime_error("RAND_set_rand_method failed");
  }

  seeded_keys(const seeded_keys&) = delete;
  seeded_keys& operator=(const seeded_keys&) = delete;
  seeded_keys(seeded_keys&&) = delete;
  seeded_keys& operator=(seeded_keys&&) = delete;

  ~seeded_keys() { RAND_set_rand_method(nullptr); }

  /// The stream of this thread begins anew.
  static void restart(std::uint64_t seed, std::uint64_t index) {
    stream() = rankwise::random_stream(seed, index);
  }

 private:
  /// OpenSSL hands its callbacks nothing of ours, so the stream lives here.
  static rankwise::random_stream& stream() {
    thread_local rankwise::random_stream of_thread(0, 0);
    return of_thread;
  }

  static int draw(unsigned char* buffer, int n_bytes) {
    for (int i = 0; i < n_bytes; ++i) buffer[i] = static_cast<unsigned char>(stream()() >> 24U);
    return 1;
  }

  static const RAND_METHOD& method() {
    static const RAND_METHOD ours{.seed = nullptr,
                                  .bytes = draw,
                                  .cleanup = nullptr,
                                  .add = nullptr,
                                  .pseudorand = draw,
                                  .status = [] { return 1; }};
    return ours;
  }
};

}  // namespace bench
