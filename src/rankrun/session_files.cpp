// SPDX-License-Identifier: MIT
#include "session_files.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace rankwise::launcher {
namespace {

namespace fs = std::filesystem;

/// Jobs of one mpirun share the upper half of their numbers.
constexpr int family_shift = 16;

/// Calls `visit` with each entry of a directory; an entry that `visit` removes is no matter.
template <class Visit>
void for_each_entry(const fs::path& directory, Visit visit) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    visit(entry->path());
}

/// The last word behind a dot, which is cut off.
std::string_view cut_last(std::string_view& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view last = name.substr(dot + 1);
  name = name.substr(0, dot);
  return last;
}

std::optional<std::uint32_t> number(std::string_view text, int base) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `contact.txt` begins with the number of mpirun's own job: "1885732864.0;tcp://...".
std::optional<std::uint32_t> job_family(const fs::path& session_folder) {
  std::string line;
  std::getline(std::ifstream(session_folder / "contact.txt"), line);
  const std::optional<std::uint32_t> job = number(line.substr(0, line.find('.')), 10);
  if (!job) return std::nullopt;
  return *job >> family_shift;
}

void remove_segments(std::uint32_t family, const fs::path& shared_memory) {
  for_each_entry(shared_memory, [&](const fs::path& path) {
    const std::string file = path.filename();
    std::string_view name = file;
    cut_last(name);  // the rank
    const std::optional<std::uint32_t> job = number(cut_last(name), 16);
    const std::string_view user = cut_last(name);
    std::error_code ignored;
    if (name.starts_with("vader_segment.") && user == std::to_string(geteuid()) && job &&
        *job >> family_shift == family)
      fs::remove(path, ignored);
  });
}

}  // namespace

void remove_session_files(pid_t mpirun, const fs::path& temporary, const fs::path& shared_memory) {
  for_each_entry(temporary, [&](const fs::path& top) {
    const std::string name = top.filename();
    if (!name.starts_with("ompi.") || !name.ends_with(fmt::format(".{}", geteuid()))) return;
    const fs::path folder = top / fmt::format("pid.{}", mpirun);
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) return;
    if (const auto family = job_family(folder)) remove_segments(*family, shared_memory);
    fs::remove_all(folder, ignored);
    fs::remove(top, ignored);  // unless another mpirun uses it
  });
}

fs::path session_directory() {
  for (const char* const name : {"TMPDIR", "TEMP", "TMP"})
    if (const char* const directory = std::getenv(name)) return directory;
  return "/tmp";
}

}  // namespace rankwise::launcher
