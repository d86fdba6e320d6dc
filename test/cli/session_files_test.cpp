// SPDX-License-Identifier: MIT
// What an mpirun that was killed leaves in files.
#include "rankrun/session_files.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <unistd.h>

using namespace rankwise::launcher;
namespace fs = std::filesystem;

namespace {

const std::string user = std::to_string(geteuid());
const std::string other_user = std::to_string(geteuid() + 1);
const std::string contact = "1885732864.0;tcp://192.0.2.1:1024\n4711\n";  // 0x70660000

std::string session(const std::string& whose, int mpirun) {
  return fmt::format("tmp/ompi.pi001.{}/pid.{}", whose, mpirun);
}

/// A machine's directory for temporary files, tmp, and its shared memory, shm.
class machine {
 public:
  machine() {
    fs::create_directory(directory_ / "tmp");
    fs::create_directory(directory_ / "shm");
  }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name) << text;
  }

  void remove_session_files(int mpirun) const {
    rankwise::launcher::remove_session_files(mpirun, directory_ / "tmp", directory_ / "shm");
  }

  /// Every file, and every directory in tmp and shm that is empty.
  std::set<std::string> left() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
      const fs::path name = entry.path().lexically_relative(directory_.path());
      if (!entry.is_directory() || (name.has_parent_path() && fs::is_empty(entry)))
        found.insert(name);
    }
    return found;
  }

 private:
  rankwise::test::temporary_directory directory_;
};

}  // namespace

TEST_CASE("what a killed mpirun has left is removed, and nothing else") {
  const machine here;
  here.write(session(user, 4711) + "/contact.txt", contact);
  here.write(session(user, 4711) + "/1/0/lock", "");
  here.write("shm/vader_segment.pi001." + user + ".70660001.0", "");
  here.write("shm/vader_segment.pi.local." + user + ".70660002.13", "");
  std::set<std::string> others{
      session(other_user, 4711) + "/contact.txt",
      "tmp/of_somebody/pid.4711/contact.txt",
      "shm/vader_segment.pi001." + user + ".70670001.0",
      "shm/vader_segment.pi001." + other_user + ".70660001.0",
      "shm/vader_segment.pi001." + user + ".70660001x.0",
      "shm/segment.pi001." + user + ".70660001.0",
      "shm/short",
  };
  SECTION("the last of its user") {}
  SECTION("beside another of its user") {
    others.insert(session(user, 4712) + "/contact.txt");
  }
  for (const std::string& name : others) here.write(name, contact);
  here.remove_session_files(4711);
  CHECK(here.left() == others);
}

TEST_CASE("a session folder that names no job goes, and no shared memory does") {
  const machine here;
  for (const char* const text : {"", "no number", "99999999999.0;tcp", "1885732864x.0"}) {
    CAPTURE(text);
    here.write(session(user, 4711) + "/contact.txt", text);
    here.write("shm/vader_segment.pi001." + user + ".70660001.0", "");
    here.remove_session_files(4711);
    CHECK(here.left() == std::set<std::string>{"shm/vader_segment.pi001." + user + ".70660001.0"});
  }
}

TEST_CASE("nothing to remove is no error") {
  const machine here;
  here.remove_session_files(4711);
  CHECK(here.left().empty());
  remove_session_files(4711, "/nowhere", "/nowhere");
}
