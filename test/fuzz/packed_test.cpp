// SPDX-License-Identifier: MIT
// Damaged packed data: refused with the byte's place, or unpacked to the same text however they are
// read.
#include <rankwise/error.hpp>
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/open_file.hpp>

#include "catch.hpp"
#include "fuzz.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using rankwise::packing;

/// Gives up to `most` bytes at a time, as a slow network does.
class slow_source final : public rankwise::byte_source {
 public:
  slow_source(std::string bytes, std::size_t most)
      : source_("data", std::move(bytes)), most_(most) {}

  std::size_t read_at(std::uint64_t offset, std::span<char> target) override {
    return source_.read_at(offset, target.first(std::min(most_, target.size())));
  }

  const std::string& name() const override { return source_.name(); }

 private:
  rankwise::memory_source source_;
  std::size_t most_;
};

/// What came of reading packed data.
struct outcome {
  std::string text;
  std::string error;  // empty: none

  bool operator==(const outcome&) const = default;
};

/// Unpacks at most a mebibyte of what `bytes` hold: a few bytes can hold gigabytes.
outcome unpack_all(packing packed,
                   const std::string& bytes,
                   std::size_t packed_at_once,
                   std::size_t read_at_once) {
  constexpr std::size_t enough = std::size_t{1} << 20U;
  outcome found;
  try {
    const auto source =
        rankwise::unpack(packed, std::make_unique<slow_source>(bytes, packed_at_once));
    std::vector<char> buffer(read_at_once);
    while (found.text.size() < enough) {
      const std::size_t n_wanted = std::min(buffer.size(), enough - found.text.size());
      const std::size_t n = source->read_at(found.text.size(), std::span(buffer).first(n_wanted));
      if (n == 0) return found;
      found.text.append(buffer.data(), n);
    }
  } catch (const rankwise::config_error& error) {
    found.error = error.what();
  }
  return found;
}

void require_place(const std::string& error, std::size_t n_bytes) {
  constexpr std::string_view beginning = "data: byte ";
  REQUIRE(error.starts_with(beginning));
  REQUIRE(std::stoull(error.substr(beginning.size())) <= n_bytes);
}

[[maybe_unused]] void fuzz_packing(packing packed, const char* folder) {
  const std::vector<std::string> whole = fuzz::corpus(folder);
  for (const std::string& bytes : whole) {
    REQUIRE(rankwise::packing_of(bytes) == packed);
    REQUIRE(unpack_all(packed, bytes, 1'000, 1'000).error.empty());
  }
  std::uint64_t n_read = 0;
  std::uint64_t n_refused = 0;
  const std::uint64_t n = fuzz::run(
      [&](std::uint64_t, rankwise::random_stream& chance) {
        const std::string bytes = fuzz::changed(whole, chance);
        const outcome at_once = unpack_all(packed, bytes, bytes.size() + 1, 100'000);
        const outcome slowly = unpack_all(packed, bytes, 1 + chance() % 100, 1 + chance() % 1'000);
        // What comes before the damage depends on how much is read at once; what is wrong does not.
        REQUIRE(at_once.error.empty() == slowly.error.empty());
        if (at_once.error.empty()) {
          REQUIRE(at_once == slowly);
          ++n_read;
        } else {
          require_place(at_once.error, bytes.size());
          require_place(slowly.error, bytes.size());
          ++n_refused;
        }
      },
      500);
  WARN(folder << ": " << n << " inputs, " << n_read << " unpacked, " << n_refused << " refused");
  CHECK(n_read > 0);
  CHECK(n_refused > 0);
}

}  // namespace

#ifdef RANKWISE_HAS_ZLIB
TEST_CASE("damaged gzip data") {
  fuzz_packing(packing::gzip, "gzip");
}
#endif

#ifdef RANKWISE_HAS_ZSTD
TEST_CASE("damaged zstd data") {
  fuzz_packing(packing::zstd, "zstd");
}
#endif

#ifdef RANKWISE_HAS_BZIP2
TEST_CASE("damaged bzip2 data") {
  fuzz_packing(packing::bzip2, "bzip2");
}
#endif

#ifdef RANKWISE_HAS_LZMA
TEST_CASE("damaged xz data") {
  fuzz_packing(packing::xz, "xz");
}
#endif

#if !defined(RANKWISE_HAS_ZLIB) && !defined(RANKWISE_HAS_ZSTD) && !defined(RANKWISE_HAS_BZIP2) && \
    !defined(RANKWISE_HAS_LZMA)
TEST_CASE("packed data are left out, since there is no library for them here") {
  WARN("there is no library for packed data here");
}
#endif
