// SPDX-License-Identifier: MIT
#include "rsa_keygen/pending_file.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

using rsa_keygen::pending_file;
using rsa_keygen::test::temporary_directory;
using names = std::set<std::string>;

TEST_CASE("a published file is whole, private and alone") {
  const bool unnamed = GENERATE(true, false);
  const temporary_directory directory;
  {
    pending_file file(directory / "key.pem", "secret\n", {.unnamed = unnamed});
    CHECK_FALSE(std::filesystem::exists(directory / "key.pem"));
    CHECK(directory.names().size() == (unnamed ? 0U : 1U));
    file.publish();
    CHECK(directory.names() == names{"key.pem"});
  }
  CHECK(directory.names() == names{"key.pem"});
  CHECK(rsa_keygen::test::read(directory / "key.pem") == "secret\n");
  CHECK(rsa_keygen::test::mode(directory / "key.pem") == 0600);
}

TEST_CASE("a file can take the place of one that an earlier try has left, or of none") {
  const bool unnamed = GENERATE(true, false);
  const temporary_directory directory;
  for (const char* const contents : {"first", "second"}) {
    pending_file file(directory / "key.pem", contents, {.unnamed = unnamed});
    file.publish_again();
    CHECK(directory.names() == names{"key.pem"});
    CHECK(rsa_keygen::test::read(directory / "key.pem") == contents);
  }
}

TEST_CASE("a file that is not published leaves nothing") {
  const bool unnamed = GENERATE(true, false);
  const temporary_directory directory;
  { const pending_file file(directory / "key.pem", "secret\n", {.unnamed = unnamed}); }
  CHECK(directory.names().empty());
}

TEST_CASE("a process that is killed leaves nothing") {
  const temporary_directory directory;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const pending_file file(directory / "key.pem", "secret\n");
    ::raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(directory.names().empty());
}

TEST_CASE("nothing is overwritten") {
  const bool unnamed = GENERATE(true, false);
  const temporary_directory directory;
  {
    pending_file file(directory / "key.pem", "new", {.unnamed = unnamed});
    rsa_keygen::test::write(directory / "key.pem", "old");
    try {
      file.publish();
      FAIL("the file was published over another");
    } catch (const std::system_error& error) {
      CHECK(error.code() == std::errc::file_exists);
      CHECK(error.what() == (directory / "key.pem").string() +
                                ": cannot give the finished file its name: File exists");
    }
  }
  CHECK(rsa_keygen::test::read(directory / "key.pem") == "old");
  CHECK(directory.names() == names{"key.pem"});
}

TEST_CASE("the mode does not depend on the umask") {
  const bool unnamed = GENERATE(true, false);
  const mode_t mask = GENERATE(mode_t{0}, mode_t{0777});
  const temporary_directory directory;
  const mode_t before = ::umask(mask);
  pending_file file(directory / "key.pub", "public", {.mode = 0644, .unnamed = unnamed});
  file.publish();
  ::umask(before);
  CHECK(rsa_keygen::test::mode(directory / "key.pub") == 0644);
}

TEST_CASE("a moved file is published once, by its new owner") {
  const bool unnamed = GENERATE(true, false);
  const temporary_directory directory;
  {
    pending_file first(directory / "key.pem", "secret", {.unnamed = unnamed});
    pending_file second(std::move(first));
    second.publish();
  }
  CHECK(rsa_keygen::test::read(directory / "key.pem") == "secret");
  CHECK(directory.names() == names{"key.pem"});
}

TEST_CASE("a directory that is not there is named") {
  const bool unnamed = GENERATE(true, false);
  const temporary_directory directory;
  CHECK_THROWS_WITH(
      pending_file(directory / "no/key.pem", "secret", {.unnamed = unnamed}),
      (directory / "no/key.pem").string() + ": cannot make the file: No such file or directory");
}

TEST_CASE("a full disk leaves nothing") {
  // A limit on the size of files plays the full disk: a file system of one's own needs a privilege.
  const temporary_directory directory;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 3, .rlim_max = 3};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      const pending_file file(directory / "key.pem", "secret", {.unnamed = false});
    } catch (const std::system_error& error) {
      ::_exit(error.code() == std::errc::file_too_large ? 0 : 1);
    }
    ::_exit(2);
  }
  int state = 0;
  REQUIRE(::waitpid(child, &state, 0) == child);
  CHECK(WIFEXITED(state));
  CHECK(WEXITSTATUS(state) == 0);
  CHECK(directory.names().empty());
}
