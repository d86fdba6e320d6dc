// SPDX-License-Identifier: MIT
#include "images/picture.hpp"

#include <rankwise/error.hpp>

#include "images/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

namespace rankwise::images {

namespace {

bool begins_with(std::span<const std::byte> bytes, std::string_view signature) {
  return bytes.size() >= signature.size() &&
         std::equal(
             signature.begin(), signature.end(), bytes.begin(), [](char left, std::byte right) {
               return static_cast<std::byte>(left) == right;
             });
}

/// The first bytes, for an error.
std::string beginning_of(std::span<const std::byte> bytes) {
  constexpr std::size_t n_shown = 4;
  if (bytes.empty()) return "an empty file";
  std::string text = "a file that begins with";
  for (const std::byte one : bytes.first(std::min(n_shown, bytes.size())))
    text += fmt::format(" {:02x}", static_cast<unsigned>(one));
  return text;
}

}  // namespace

picture read_picture(std::span<const std::byte> bytes, const std::string& name) {
  if (begins_with(bytes, "\xff\xd8")) return read_jpeg(bytes, name);
  if (begins_with(bytes, "\x89PNG")) return read_png(bytes, name);
  if (begins_with(bytes, "BM")) return read_bmp(bytes, name);
  throw config_error(
      fmt::format("{}: found {}, accepted: JPEG, PNG, BMP", name, beginning_of(bytes)));
}

picture read_picture_file(const std::filesystem::path& path) {
  return read_picture(read_picture_bytes(path), path.string());
}

std::vector<std::byte> read_picture_bytes(const std::filesystem::path& path) {
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30U;
  const auto refuse = [&path](const std::string& why) {
    throw config_error(fmt::format("{}: {}", path.string(), why));
  };
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    refuse(error ? error.message() : "found something else than a file");
  const std::uint64_t n_bytes = std::filesystem::file_size(path, error);
  if (error) refuse(error.message());
  if (n_bytes > most_bytes)
    refuse(fmt::format("found {} bytes, accepted: {} at most", n_bytes, most_bytes));
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(std::generic_category().message(errno));
  std::vector<std::byte> bytes(n_bytes);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(n_bytes)))
    refuse("cannot be read to its end");
  return bytes;
}

}  // namespace rankwise::images
