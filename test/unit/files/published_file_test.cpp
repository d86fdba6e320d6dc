// SPDX-License-Identifier: MIT
// Files that get their names when they are whole, and what a user's --out may name.
#include <rankwise/files/output_target.hpp>
#include <rankwise/files/published_file.hpp>
#include <rankwise/map_reduce/combine/part_file.hpp>

#include "catch.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;
using rankwise::combine::part_file;
using rankwise::files::descriptor_of;
using rankwise::files::file_error;
using rankwise::files::if_there;
using rankwise::files::published_file;
using rankwise::files::publishing;
using rankwise::files::write_output;
using names = std::set<std::string>;

namespace {

// What the next fsync of a file, fsync of a directory, or close of a file under `watched_folder`
// reports, as a server over a network does it: with the first of them, or the last.
int file_sync_error = 0;
int directory_sync_error = 0;
int close_error = 0;
std::string watched_folder;
int n_file_syncs = 0;

struct stat status_of(int descriptor) {
  struct stat status {};

  ::fstat(descriptor, &status);
  return status;
}

bool is_watched(int descriptor) {
  if (watched_folder.empty()) return false;
  std::string path(4096, '\0');
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t n = ::readlink(link.c_str(), path.data(), path.size());
  return n > 0 && path.starts_with(watched_folder);
}

}  // namespace

// In place of the C library's, for this program.
extern "C" int fsync(int descriptor) {  // NOLINT: its name is given
  const bool is_directory = S_ISDIR(status_of(descriptor).st_mode);
  if (!is_directory) ++n_file_syncs;
  const int error = is_directory ? directory_sync_error : file_sync_error;
  if (error != 0 && is_watched(descriptor)) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int close(int descriptor) {  // NOLINT: its name is given
  const bool fails =
      close_error != 0 && is_watched(descriptor) && S_ISREG(status_of(descriptor).st_mode);
  const int closed = static_cast<int>(::syscall(SYS_close, descriptor));
  if (!fails) return closed;
  errno = close_error;
  return -1;
}

namespace {

/// An empty directory that is removed with all it holds.
class temporary_directory {
 public:
  temporary_directory() {
    std::string path = fs::temp_directory_path() / "published_file_test.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make " + path);
    path_ = path;
  }

  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  temporary_directory(temporary_directory&&) = delete;
  temporary_directory& operator=(temporary_directory&&) = delete;

  ~temporary_directory() {
    file_sync_error = directory_sync_error = close_error = 0;
    watched_folder.clear();
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  fs::path operator/(std::string_view name) const { return path_ / name; }

  names entries() const {
    names found;
    for (const auto& entry : fs::directory_iterator(path_))
      found.insert(entry.path().filename().string());
    return found;
  }

 private:
  fs::path path_;
};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

struct stat status_of(const fs::path& path) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0) throw std::runtime_error("no " + path.string());
  return status;
}

mode_t mode(const fs::path& path) {
  return status_of(path).st_mode & 07777U;
}

void publish(const fs::path& path, std::string_view contents, publishing how) {
  published_file file(path, std::move(how));
  file.write(contents);
  file.publish();
}

/// The text of the file_error that `call` throws; "none" if it throws none.
template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const file_error& error) {
    return error.what();
  }
  return "none";
}

/// The status that a child process ends with which runs `call`.
template <class Call>
int in_child(const Call& call) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(call());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("a published file is whole, has its mode and is alone") {
  const bool nameless = GENERATE(true, false);
  const temporary_directory directory;
  {
    published_file file(directory / "key.pem", {.mode = 0600, .nameless = nameless});
    file.write("sec");
    file.write("ret\n");
    file.complete();
    CHECK_FALSE(fs::exists(directory / "key.pem"));
    CHECK(directory.entries().size() == (nameless ? 0U : 1U));
    file.publish();
    CHECK(directory.entries() == names{"key.pem"});
  }
  CHECK(directory.entries() == names{"key.pem"});
  CHECK(read(directory / "key.pem") == "secret\n");
  CHECK(mode(directory / "key.pem") == 0600);
}

TEST_CASE("a file can take the place of one that an earlier try has left, or of none") {
  const bool nameless = GENERATE(true, false);
  const temporary_directory directory;
  for (const char* const contents : {"first", "second"}) {
    publish(directory / "key.pem", contents, {.earlier = if_there::replace, .nameless = nameless});
    CHECK(directory.entries() == names{"key.pem"});
    CHECK(read(directory / "key.pem") == contents);
  }
}

TEST_CASE("what a killed process left behind is in nobody's way") {
  // A container's processes have the same ids each time it starts.
  const temporary_directory directory;
  for (int i = 0; i < 3; ++i) {
    in_child([&] {
      published_file file(directory / "key.pem", {.nameless = false});
      return ::raise(SIGKILL);
    });
  }
  CHECK(directory.entries().size() == 3);
  for (const std::string& name : directory.entries()) CHECK(name.starts_with(".rankwise-"));
  publish(directory / "key.pem", "first", {.nameless = false});
  publish(directory / "key.pem", "again", {.earlier = if_there::replace, .nameless = false});
  CHECK(read(directory / "key.pem") == "again");
}

TEST_CASE("a file that is not published leaves nothing, nor does a killed process") {
  const bool nameless = GENERATE(true, false);
  const temporary_directory directory;
  { published_file(directory / "key.pem", {.nameless = nameless}).write("secret\n"); }
  CHECK(directory.entries().empty());
  const int status = in_child([&] {
    published_file file(directory / "key.pem");
    file.write("secret");
    return ::raise(SIGKILL);
  });
  CHECK(WIFSIGNALED(status));
  CHECK(directory.entries().empty());
}

TEST_CASE("nothing is overwritten unless that is wanted") {
  const bool nameless = GENERATE(true, false);
  const temporary_directory directory;
  const std::string refused =
      (directory / "key.pem").string() + ": is there already: nothing is overwritten";
  {
    published_file file(directory / "key.pem", {.nameless = nameless});
    file.write("new");
    SECTION("a file") {
      write(directory / "key.pem", "old");
    }
    SECTION("a link that leads nowhere") {
      fs::create_symlink("nowhere", directory / "key.pem");
    }
    try {
      file.publish();
      FAIL("the file was published over another");
    } catch (const file_error& error) {
      CHECK(error.code() == std::errc::file_exists);
      CHECK(error.what() == refused);
    }
  }
  CHECK(directory.entries() == names{"key.pem"});
  CHECK(error_of([&] { published_file(directory / "key.pem", {.nameless = nameless}); }) ==
        refused);
}

TEST_CASE("a mode that is asked for does not depend on the umask, another does") {
  const bool nameless = GENERATE(true, false);
  const mode_t mask = GENERATE(mode_t{0}, mode_t{027}, mode_t{0777});
  const temporary_directory directory;
  const mode_t before = ::umask(mask);
  publish(directory / "key.pub", "public", {.mode = 0644, .nameless = nameless});
  publish(directory / "part", "words", {.nameless = nameless});
  ::umask(before);
  CHECK(mode(directory / "key.pub") == 0644);
  CHECK(mode(directory / "part") == (0666U & ~mask));
}

TEST_CASE("a directory that is not there is named") {
  const bool nameless = GENERATE(true, false);
  const temporary_directory directory;
  const fs::path path = directory / "no/key.pem";
  CHECK(error_of([&] { published_file(path, {.nameless = nameless}); }) ==
        path.string() + ": can't be made: No such file or directory");
  CHECK(error_of([&] { published_file::check(path, "--out"); }) ==
        "--out " + path.string() + ": can't be written: No such file or directory");
  CHECK(error_of([&] { published_file::check(directory.path(), "--out"); }) ==
        "--out " + directory.path().string() + ": can't be written: Is a directory");
}

TEST_CASE("a full disk leaves nothing") {
  // A limit on the size of files plays the full disk: a file system of one's own needs a privilege.
  const temporary_directory directory;
  const int state = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 3, .rlim_max = 3};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      published_file(directory / "key.pem", {.nameless = false}).write("secret");
    } catch (const file_error& error) {
      return error.code() == std::errc::file_too_large ? 0 : 1;
    }
    return 2;
  });
  CHECK(WIFEXITED(state));
  CHECK(WEXITSTATUS(state) == 0);
  CHECK(directory.entries().empty());
}

TEST_CASE("an error that comes with fsync or close publishes nothing") {
  const bool nameless = GENERATE(true, false);
  const bool by_close = GENERATE(true, false);
  const int error = GENERATE(EDQUOT, EIO, ENOSPC);
  const temporary_directory directory;
  write(directory / "earlier", "as it was");
  watched_folder = directory.path();
  (by_close ? close_error : file_sync_error) = error;
  const std::string why =
      ": can't be written to the disk: " + std::generic_category().message(error);
  for (const auto earlier : {if_there::refuse, if_there::replace, if_there::write_to}) {
    const bool is_new = earlier == if_there::refuse;
    const fs::path path = directory / (is_new ? "new" : "earlier");
    CHECK(error_of([&] { publish(path, "text", {.earlier = earlier, .nameless = nameless}); }) ==
          path.string() + why);
    CHECK(directory.entries() == names{"earlier"});
    CHECK(read(directory / "earlier") == "as it was");
  }
}

TEST_CASE("where the disk does not take the name, an earlier file is not removed") {
  const temporary_directory directory;
  write(directory / "earlier", "as it was");
  watched_folder = directory.path();
  directory_sync_error = EIO;
  const std::string why = ": its name can't be written to the disk: Input/output error";
  CHECK(error_of([&] { publish(directory / "new", "text", {}); }) ==
        (directory / "new").string() + why);
  CHECK(error_of([&] { publish(directory / "earlier", "text", {.earlier = if_there::replace}); }) ==
        (directory / "earlier").string() + why);
  CHECK(directory.entries() == names{"earlier"});
  CHECK(read(directory / "earlier") == "text");  // in whole: the old one, or this
}

TEST_CASE("a part gets its name only if the disk has all of it") {
  const temporary_directory directory;
  const fs::path path = directory / "parts/part-00000";
  watched_folder = directory.path();
  const auto attempt = [&] {
    part_file file(path);
    file.buffer() = "words";
    file.complete();
    file.publish();
  };
  n_file_syncs = 0;
  file_sync_error = EDQUOT;
  CHECK(error_of(attempt) == path.string() + ": can't be written to the disk: Disk quota exceeded");
  CHECK(n_file_syncs == 1);
  CHECK(directory.entries().empty());
  file_sync_error = 0;
  close_error = EDQUOT;
  CHECK(error_of(attempt) == path.string() + ": can't be written to the disk: Disk quota exceeded");
  CHECK(directory.entries().empty());
  close_error = 0;
  CHECK(error_of(attempt) == "none");
  CHECK(read(path) == "words");
}

TEST_CASE("a user's output keeps what the earlier file was") {
  const bool nameless = GENERATE(true, false);
  const temporary_directory directory;
  const fs::path path = directory / "out";
  const auto put = [&](const fs::path& where) {
    published_file::check(where, "--out");
    publish(where, "new", {.earlier = if_there::write_to, .nameless = nameless});
    CHECK(read(where) == "new");
    for (const std::string& name : directory.entries()) CHECK_FALSE(name.starts_with(".rankwise"));
  };
  SECTION("nothing") {
    put(path);
    CHECK(status_of(path).st_nlink == 1);
  }
  SECTION("its mode and owner") {
    write(path, "a longer text than the new one");
    if (::geteuid() == 0) REQUIRE(::chown(path.c_str(), 1234, 4321) == 0);
    ::chmod(path.c_str(), 0640);
    const struct stat before = status_of(path);
    write(directory / "out.part", "somebody else's");
    put(path);
    CHECK(mode(path) == 0640);
    CHECK(status_of(path).st_uid == before.st_uid);
    CHECK(status_of(path).st_gid == before.st_gid);
    CHECK(status_of(path).st_ino != before.st_ino);  // another file: nobody has seen half of it
    CHECK(read(directory / "out.part") == "somebody else's");
  }
  SECTION("its other names") {
    write(path, "a longer text than the new one");
    fs::create_hard_link(path, directory / "other");
    put(path);
    CHECK(read(directory / "other") == "new");
  }
  SECTION("the links that lead to it") {
    fs::create_directory(directory / "there");
    write(directory / "there/real", "old");
    fs::create_symlink("there/real", directory / "second");
    fs::create_symlink("second", path);
    put(path);
    CHECK(fs::is_symlink(path));
    CHECK(fs::is_symlink(directory / "second"));
    CHECK(read(directory / "there/real") == "new");
  }
  SECTION("a link to nothing yet") {
    fs::create_directory(directory / "there");
    fs::create_symlink("there/real", path);
    put(path);
    CHECK(fs::is_symlink(path));
    CHECK(read(directory / "there/real") == "new");
  }
}

TEST_CASE("a FIFO and a device are written to") {
  const temporary_directory directory;
  const fs::path fifo = directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  published_file::check(fifo, "--out");
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  write_output(fifo, "bytes");
  std::string got(10, ' ');
  CHECK(::read(reader, got.data(), got.size()) == 5);
  ::close(reader);
  CHECK(got.starts_with("bytes"));
  CHECK(fs::is_fifo(fifo));
  CHECK(directory.entries() == names{"fifo"});

  std::string later;
  std::thread waiting([&] { later = read(fifo); });
  write_output(fifo, "more");  // whoever comes first
  waiting.join();
  CHECK(later == "more");

  // Only what is at hand to everybody, and only where it is what its name says.
  if (fs::is_character_file("/dev/full") && ::geteuid() != 0) {
    CHECK(error_of([] { write_output("/dev/full", "bytes", "--out"); }) ==
          "--out /dev/full: can't be written: No space left on device");
  }
}

TEST_CASE("names of descriptors mean what is open there") {
  const temporary_directory directory;
  CHECK(descriptor_of("-") == STDOUT_FILENO);
  CHECK(descriptor_of("/dev/fd/7") == 7);
  CHECK(descriptor_of("/proc/self/fd/2") == 2);
  CHECK_FALSE(descriptor_of("/dev/null").has_value());
  CHECK_FALSE(descriptor_of("./-").has_value());
  CHECK_FALSE(descriptor_of("").has_value());
  CHECK(rankwise::files::is_standard_output("/dev/stdout"));
  CHECK_FALSE(rankwise::files::is_standard_output("/dev/stderr"));

  // As behind `>> log`: what is there stays, and it is the file that is open.
  write(directory / "log", "before\n");
  const int log = ::open((directory / "log").c_str(), O_WRONLY | O_APPEND);
  const ino_t before = status_of(log).st_ino;
  write_output("/dev/fd/" + std::to_string(log), "new\n");
  ::close(log);
  CHECK(read(directory / "log") == "before\nnew\n");
  CHECK(status_of(directory / "log").st_ino == before);
  CHECK(error_of([&] { published_file::check("/dev/fd/987", "--out"); }) ==
        "--out /dev/fd/987: can't be written: Bad file descriptor");
}
