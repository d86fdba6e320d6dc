// SPDX-License-Identifier: MIT
// What the tests of the readers share.
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/split.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace read_tests {

class generator {
 public:
  explicit generator(std::uint32_t seed) : engine_(seed) {}

  std::size_t up_to(std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(engine_);
  }

  std::size_t between(std::size_t least, std::size_t most) { return least + up_to(most - least); }

  /// `n_bytes` bytes of `alphabet`; of all values, where that is empty.
  std::string text(std::size_t n_bytes, std::string_view alphabet) {
    std::string made(n_bytes, ' ');
    for (char& byte : made)
      byte =
          alphabet.empty() ? static_cast<char>(up_to(255)) : alphabet[up_to(alphabet.size() - 1)];
    return made;
  }

  /// A text of pieces with different alphabets.
  std::string mixed_text(std::size_t most_bytes) {
    using namespace std::string_view_literals;
    static constexpr std::string_view alphabets[] = {
        ""sv, " "sv, "\n"sv, "aZ"sv, "ab "sv, "A\n"sv, " \t\n\v\f\r\b\x0e\x1f!"sv, "\0 @AZ[`az{"sv};
    std::string made;
    for (std::size_t n = up_to(12); n > 0; --n)
      made += text(up_to(up_to(most_bytes / 6)), alphabets[up_to(std::size(alphabets) - 1)]);
    return made;
  }

 private:
  std::mt19937 engine_;
};

/// A text that comes in reads of 1 to `most` bytes, so that each byte is a block's border some day.
class trickle final : public rankwise::byte_source {
 public:
  trickle(std::string_view text, std::size_t most, std::uint32_t seed)
      : text_(text), most_(most), random_(seed) {}

  std::size_t read_at(std::uint64_t offset, std::span<char> target) override {
    if (target.empty()) throw std::logic_error("a read of 0 bytes");
    if (offset > text_.size()) throw std::logic_error("a read past the end");
    const std::size_t n_bytes = std::min(target.size(), random_.between(1, most_));
    const std::size_t n_read = text_.copy(target.data(), n_bytes, offset);
    n_bytes_read_ += n_read;
    return n_read;
  }

  const std::string& name() const override { return name_; }

  std::uint64_t n_bytes_read() const { return n_bytes_read_; }

 private:
  std::string name_ = "some/file";
  std::string_view text_;
  std::size_t most_;
  generator random_;
  std::uint64_t n_bytes_read_ = 0;
};

/// Calls `read(input&)` for each range of `split_bytes` bytes of `text`, read by at most
/// `read_bytes` bytes at once.
template <class Read>
void for_each_split(std::string_view text,
                    std::size_t split_bytes,
                    std::size_t read_bytes,
                    const Read& read) {
  for (std::size_t first = 0; first < text.size() || first == 0; first += split_bytes) {
    const std::size_t last = std::min(first + split_bytes, text.size());
    const auto seed = static_cast<std::uint32_t>(first);
    rankwise::input part(std::make_unique<trickle>(text, read_bytes, seed), first, last);
    read(part);
  }
}

/// The text of the config_error that `call` throws; "none" if it throws none.
template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

/// A file that lives as long as this.
class temporary_file {
 public:
  explicit temporary_file(std::string_view contents)
      : path_((std::filesystem::temp_directory_path() / "rankwise_read_XXXXXX").string()) {
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor < 0) throw std::runtime_error("no temporary file: " + path_);
    ::close(descriptor);
    std::ofstream(path_, std::ios::binary) << contents;
  }

  temporary_file(const temporary_file&) = delete;
  temporary_file(temporary_file&&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  temporary_file& operator=(temporary_file&&) = delete;

  ~temporary_file() { ::unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What a source holds, by reads of `read_bytes` bytes.
inline std::string contents_of(rankwise::byte_source& source, std::size_t read_bytes) {
  std::string contents;
  std::vector<char> buffer(read_bytes);
  while (const std::size_t n_read = source.read_at(contents.size(), buffer))
    contents.append(buffer.data(), n_read);
  return contents;
}

}  // namespace read_tests
