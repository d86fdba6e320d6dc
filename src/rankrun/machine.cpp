// SPDX-License-Identifier: MIT
#include "machine.hpp"

#include <rankwise/process/launcher.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <ifaddrs.h>
#include <map>
#include <memory>
#include <netdb.h>
#include <optional>
#include <random>
#include <sched.h>
#include <set>
#include <spawn.h>
#include <sstream>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace rankwise::launcher {
namespace {

namespace fs = std::filesystem;

/// Stands in the shim's first lines.
constexpr std::string_view shim_mark = "rankwise-mpirun-shim";

/// What a command prints, whatever its status.
std::string output_of(const std::vector<std::string>& argv) {
  std::string line;
  for (const std::string& word : argv) line += shell_quoted(word) + " ";
  line += "2>&1 </dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(line.c_str(), "re"), &pclose);
  if (!pipe) throw config_error(fmt::format("{}: {}", argv.front(), std::strerror(errno)));
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    text.append(buffer.data(), n);
  }
  return text;
}

/// Starts a program of the PATH that reads and prints nothing; none where that can't be done.
std::optional<pid_t> start_silently(std::vector<std::string> words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&streams, fd, "/dev/null", O_RDWR, 0);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv[0], &streams, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&streams);
  return error == 0 ? std::optional(pid) : std::nullopt;
}

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

bool is_shim(const fs::path& path) {
  std::string head(512, '\0');
  std::ifstream(path).read(head.data(), static_cast<std::streamsize>(head.size()));
  return head.find(shim_mark) != std::string::npos;
}

/// The files of that name on the PATH that can be run.
std::vector<fs::path> on_path(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::vector<fs::path> found;
  for (const std::string_view folder : split(path != nullptr ? path : "", ':')) {
    fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
    if (is_program(candidate)) found.push_back(std::move(candidate));
  }
  return found;
}

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address != nullptr && address->sa_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (address != nullptr && address->sa_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::set<std::string> own_addresses() {
  std::set<std::string> addresses;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return addresses;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, &freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    addresses.insert(address_text(entry->ifa_addr));
  }
  addresses.erase("");
  return addresses;
}

std::vector<std::string> addresses_of(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(address_text(entry->ai_addr));
  }
  return addresses;
}

/// ssh's configuration may know a name that the resolver does not.
bool ssh_knows(const std::string& name) {
  if (on_path("ssh").empty()) return false;
  const std::string settings = output_of({"ssh", "-G", name});
  for (const std::string_view line : split(settings, '\n')) {
    const std::vector<std::string_view> words = split_words(line);
    if (words.size() < 2 || words[1] == "none") continue;
    if (words[0] == "proxyjump" || words[0] == "proxycommand") return true;
    if (words[0] == "hostname" && words[1] != name) {
      return !addresses_of(std::string(words[1])).empty();
    }
  }
  return false;
}

}  // namespace

int count_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
  return std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));  // more than 1024 cores
}

std::optional<int> terminal_columns() {
  if (isatty(STDERR_FILENO) == 0) return std::nullopt;
  winsize size{};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : 80;
}

input_state standard_input() {
  struct stat seen {};

  struct stat null {};

  const int flags = fcntl(STDIN_FILENO, F_GETFL);
  // Where it was closed, /dev/null stands there to be written to.
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || fstat(STDIN_FILENO, &seen) != 0)
    return input_state::closed;
  const bool is_null =
      stat("/dev/null", &null) == 0 && S_ISCHR(seen.st_mode) && seen.st_rdev == null.st_rdev;
  return is_null ? input_state::empty : input_state::open;
}

std::map<std::string, std::string> read_environment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view setting = *entry;
    const std::size_t equals = std::min(setting.find('='), setting.size());
    environment.emplace(setting.substr(0, equals),
                        setting.substr(std::min(equals + 1, setting.size())));
  }
  return environment;
}

std::string read_hostfile(const std::string& path) {
  std::error_code ignored;
  errno = 0;
  std::ifstream file(path);
  if (!file || fs::is_directory(path, ignored)) {
    throw config_error(fmt::format(R"(-f: found "{}" ({}), accepted: a host file that can be read)",
                                   path,
                                   file ? "a directory" : std::strerror(errno)));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string find_mpirun(const std::optional<std::string>& asked) {
  if (asked && asked->find('/') != std::string::npos) {
    if (is_program(*asked)) return *asked;
    throw config_error(
        fmt::format(R"(--mpirun: found "{}", accepted: a program that can be run)", *asked));
  }
  const std::string name = asked.value_or("mpirun");
  for (const fs::path& candidate : on_path(name)) {
    if (!is_shim(candidate)) return candidate;
  }
  throw config_error(
      fmt::format("{}: found none on the PATH, accepted: the mpirun of Open MPI or MPICH "
                  "(Debian: apt install openmpi-bin), or --mpirun with its path",
                  name));
}

std::string mpirun_version(const std::string& mpirun) {
  return output_of({mpirun, "--version"});
}

void look_up_hosts(host_list& hosts) {
  std::array<char, 256> own_name{};
  gethostname(own_name.data(), own_name.size() - 1);
  const std::string_view full_name = own_name.data();
  const std::string_view short_name = full_name.substr(0, full_name.find('.'));
  const std::set<std::string> own = own_addresses();

  for (host& entry : hosts.hosts) {
    if (entry.name == "localhost" || entry.name == full_name || entry.name == short_name) {
      entry.is_local = true;
      continue;
    }
    const std::vector<std::string> addresses = addresses_of(entry.name);
    entry.is_local = std::any_of(addresses.begin(), addresses.end(), [&](const auto& address) {
      return address.starts_with("127.") || own.contains(address);
    });
    if (addresses.empty() && !ssh_knows(entry.name)) {
      throw config_error(fmt::format(
          R"({}: found "{}", a host that does not resolve, accepted: a name that )"
          "the resolver (getent hosts) or ssh's configuration knows",
          entry.line > 0 ? fmt::format("{}:{}", hosts.source, entry.line) : hosts.source,
          entry.name));
    }
  }
}

std::set<std::string> answering_hosts(const host_list& hosts) {
  constexpr std::size_t asked_at_once = 32;
  const char* const asked = std::getenv("RANKWISE_SSH");
  const std::string ssh = asked == nullptr || *asked == '\0' ? "ssh" : asked;
  std::set<std::string> names;
  std::map<pid_t, std::string> questions;
  const auto await_one = [&] {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, 0);
    if (const auto found = questions.find(pid); found != questions.end()) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) names.insert(found->second);
      questions.erase(found);
    }
    if (pid < 0 && errno != EINTR) questions.clear();
  };
  for (const host& entry : hosts.hosts) {
    if (entry.is_local) {
      names.insert(entry.name);
      continue;
    }
    while (questions.size() >= asked_at_once) await_one();
    std::vector<std::string> words{"timeout", "10"};
    for (const std::string_view word : split_words(ssh)) words.emplace_back(word);
    for (const char* const word : {"-n", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"})
      words.emplace_back(word);
    words.push_back(entry.name);
    words.emplace_back("true");
    if (const auto pid = start_silently(words)) questions.emplace(*pid, entry.name);
  }
  while (!questions.empty()) await_one();
  return names;
}

bool tells_launcher(const std::string& program) {
  fs::path path = program;
  if (program.find('/') == std::string::npos && !is_program(path)) {
    const std::vector<fs::path> found = on_path(program);
    if (found.empty()) return false;
    path = found.front();
  }
  std::ifstream file(path, std::ios::binary);
  const std::string_view wanted = launcher_line::program_mark;
  std::string block;
  std::string part(std::size_t{1} << 16U, '\0');
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())), file.gcount() > 0) {
    block.append(part, 0, static_cast<std::size_t>(file.gcount()));
    if (block.find(wanted) != std::string::npos) return true;
    block.erase(0, block.size() - std::min(block.size(), wanted.size() - 1));
  }
  return false;
}

std::string new_token() {
  std::random_device chance;
  return fmt::format("{:08x}{:08x}", chance(), chance());
}

void check_app(const options& asked, const host_list& hosts) {
  if (asked.app.empty()) {
    throw config_error(
        "found no program to run, accepted: rankrun [-f HOSTFILE] [-n N] ... PROGRAM [ARGUMENT "
        "...] "
        "(rankrun --help says more)");
  }
  const bool is_local = std::any_of(
      hosts.hosts.begin(), hosts.hosts.end(), [](const host& entry) { return entry.is_local; });
  const bool is_moved = std::any_of(asked.passed_on.begin(), asked.passed_on.end(), [](auto& word) {
    const std::string name = word.substr(std::min(word.find_first_not_of('-'), word.size()));
    return name == "wd" || name == "wdir" || name == "path";
  });
  if (!is_local || is_moved) return;

  const std::string& name = asked.app.front();
  // Without a slash Open MPI looks in the working directory too, after the PATH.
  const bool is_there =
      is_program(name) || (name.find('/') == std::string::npos && !on_path(name).empty());
  if (is_there) return;
  std::string hint;
  if (!asked.suspect.empty()) {
    hint = fmt::format(" (if it is the value of {0}, write {0}={1})", asked.suspect, name);
  }
  throw config_error(fmt::format(
      R"(program: found "{}", which {}, accepted: a program's path, or its name on the PATH{})",
      name,
      fs::exists(name) ? "can't be run" : "does not exist",
      hint));
}

}  // namespace rankwise::launcher
