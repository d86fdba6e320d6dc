// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise::sharing {

/// How another process of this host finds a segment. It travels as its bytes.
struct segment_place {
  std::uint64_t token = 0;  ///< is in the segment's name: another file has not the same
  std::int32_t process = 0;
  std::int32_t descriptor = -1;
};

/// Memory that the processes of one host share. It has no name in any file system, and is gone with
/// the last process that has it, however that ends.
class segment {
 public:
  /// Makes one of `n_bytes`, all of which the system has.
  ///
  /// Throws: std::system_error.
  segment(std::size_t n_bytes, std::uint64_t token) : n_bytes_(n_bytes) {
    place_ = {token, ::getpid(), ::memfd_create(name_of(token).c_str(), MFD_CLOEXEC)};
    if (place_.descriptor < 0) fail("memfd_create", errno);
    take_pages();
    map(PROT_READ | PROT_WRITE);
  }

  /// Maps one of another process of this host, to read it.
  ///
  /// Throws: std::system_error if there is none.
  segment(std::size_t n_bytes, const segment_place& of) : n_bytes_(n_bytes) {
    const std::string path = fmt::format("/proc/{}/fd/{}", of.process, of.descriptor);
    const std::string name = fmt::format("/memfd:{} (deleted)", name_of(of.token));
    std::array<char, 80> found{};
    const ssize_t n_found = ::readlink(path.c_str(), found.data(), found.size());
    if (n_found < 0) fail("readlink", errno);
    if (std::string_view(found.data(), static_cast<std::size_t>(n_found)) != name)
      fail("readlink", ENOENT);
    place_ = {of.token, ::getpid(), ::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (place_.descriptor < 0) fail("open", errno);
    map(PROT_READ);
  }

  segment(const segment&) = delete;
  segment& operator=(const segment&) = delete;
  segment& operator=(segment&&) = delete;

  segment(segment&& other) noexcept
      : n_bytes_(other.n_bytes_),
        place_(std::exchange(other.place_, {})),
        data_(std::exchange(other.data_, nullptr)) {}

  ~segment() { release(); }

  std::byte* data() const { return data_; }

  std::size_t size() const { return n_bytes_; }

  /// Where others find it, as long as this process has it.
  const segment_place& place() const { return place_; }

 private:
  static std::string name_of(std::uint64_t token) { return fmt::format("rankwise-{:016x}", token); }

  /// A limit is looked at first, for the signal of one that is passed may end the process. The
  /// pages are taken step by step, since any signal undoes a step.
  void take_pages() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < n_bytes_)
      fail("RLIMIT_FSIZE", EFBIG);
    constexpr std::size_t step = std::size_t{256} << 10U;
    for (std::size_t at = 0; at < n_bytes_;) {
      const std::size_t n_taken = std::min(step, n_bytes_ - at);
      const int error =
          ::posix_fallocate(place_.descriptor, static_cast<off_t>(at), static_cast<off_t>(n_taken));
      if (error != 0 && error != EINTR) fail("posix_fallocate", error);
      if (error == 0) at += n_taken;
    }
  }

  void map(int protection) {
    void* const mapped = ::mmap(nullptr, n_bytes_, protection, MAP_SHARED, place_.descriptor, 0);
    if (mapped == MAP_FAILED) fail("mmap", errno);
    data_ = static_cast<std::byte*>(mapped);
  }

  [[noreturn]] void fail(const char* what, int error) {
    release();
    throw std::system_error(error, std::generic_category(), what);
  }

  void release() noexcept {
    if (data_ != nullptr) ::munmap(data_, n_bytes_);
    if (place_.descriptor >= 0) ::close(place_.descriptor);
  }

  std::size_t n_bytes_;
  segment_place place_;
  std::byte* data_ = nullptr;
};

/// Fewer bytes are not worth a segment.
inline constexpr std::size_t smallest_segment = std::size_t{256} << 10U;

}  // namespace rankwise::sharing
