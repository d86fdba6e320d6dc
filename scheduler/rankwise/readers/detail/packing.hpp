// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rankwise {

/// How a file's bytes are packed. Those behind `xz` are known, but not unpacked.
enum class packing : std::uint8_t { none, gzip, zstd, bzip2, xz, lz4, lzip };

/// What the tools call it.
inline std::string_view name_of(packing packed) {
  constexpr std::array<std::string_view, 7> names{
      "nothing", "gzip", "zstd", "bzip2", "xz", "lz4", "lzip"};
  return names[static_cast<std::size_t>(packed)];
}

namespace detail {

/// What packed bytes begin with; where `?` stands, any byte from `least` to `most` does.
struct packing_signature {
  packing packed;
  std::string_view bytes;
  std::size_t place = std::string_view::npos;  // of the ?
  unsigned char least = 0;
  unsigned char most = 0;

  /// Whether `beginning` is that, as far as the shorter of the two goes.
  constexpr bool matches(std::string_view beginning) const {
    for (std::size_t i = 0; i < std::min(bytes.size(), beginning.size()); ++i) {
      const auto byte = static_cast<unsigned char>(beginning[i]);
      if (i == place ? byte < least || byte > most : beginning[i] != bytes[i]) return false;
    }
    return true;
  }
};

/// Source: RFC 1952; RFC 8878, frames and skippable frames; bzip2's block and end-of-stream marks;
/// the .xz, lz4 frame and lzip formats.
inline constexpr std::array<packing_signature, 8> packing_signatures{
    {{packing::gzip, "\x1f\x8b\x08"},
     {packing::zstd, "\x28\xb5\x2f\xfd"},
     {packing::zstd, "?\x2a\x4d\x18", 0, 0x50, 0x5f},
     {packing::bzip2, "BZh?1AY&SY", 3, '1', '9'},
     {packing::bzip2, "BZh?\x17\x72\x45\x38\x50\x90", 3, '1', '9'},
     {packing::xz, std::string_view("\xfd\x37zXZ\0", 6)},
     {packing::lz4, "\x04\x22\x4d\x18"},
     {packing::lzip, "LZIP\x01"}}};

}  // namespace detail

/// So many bytes show how those behind them are packed.
inline constexpr std::size_t packing_signature_bytes = 10;

/// How bytes are packed that begin with `beginning`.
inline packing packing_of(std::string_view beginning) {
  for (const detail::packing_signature& known : detail::packing_signatures)
    if (beginning.size() >= known.bytes.size() && known.matches(beginning)) return known.packed;
  return packing::none;
}

/// Whether bytes that are so packed may begin with `beginning`, which may be short.
inline bool can_begin(packing packed, std::string_view beginning) {
  return std::any_of(detail::packing_signatures.begin(),
                     detail::packing_signatures.end(),
                     [&](const detail::packing_signature& known) {
                       return known.packed == packed && known.matches(beginning);
                     });
}

/// How a file is packed, by its first bytes; where they say nothing, by its name, so that what is
/// damaged is not taken for text.
inline packing packing_of(std::string_view beginning, std::string_view path) {
  const packing found = packing_of(beginning);
  if (found != packing::none) return found;

  struct suffix {
    std::string_view text;
    packing packed;
  };

  constexpr std::array<suffix, 6> suffixes{{{".gz", packing::gzip},
                                            {".zst", packing::zstd},
                                            {".bz2", packing::bzip2},
                                            {".xz", packing::xz},
                                            {".lz4", packing::lz4},
                                            {".lz", packing::lzip}}};
  const auto is_alike = [](unsigned char left, unsigned char right) {
    return std::tolower(left) == right;
  };
  for (const auto& [text, packed] : suffixes) {
    if (path.size() > text.size() &&
        std::equal(path.end() - static_cast<std::ptrdiff_t>(text.size()),
                   path.end(),
                   text.begin(),
                   text.end(),
                   is_alike))
      return packed;
  }
  return packing::none;
}

}  // namespace rankwise
