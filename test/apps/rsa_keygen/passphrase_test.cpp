// SPDX-License-Identifier: MIT
#include "rsa_keygen/passphrase.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "file_contents.hpp"
#include "temporary_directory.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace std::string_literals;
using rankwise::test::temporary_directory;
using rsa_keygen::passphrase_source;
using rsa_keygen::view;

namespace {

rsa_keygen::passphrase from_file(const std::string& path) {
  return passphrase_source("file:" + path).read();
}

/// A descriptor to read `text` from.
int reading_end(std::string_view text) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return ends[0];  // the other end stays open: only what stands there may be waited for
}

}  // namespace

TEST_CASE("the first line of a file is the passphrase") {
  const temporary_directory directory;
  const std::string path = directory / "passphrase";
  const std::string text = GENERATE("correct horse\n", "correct horse", "correct horse\nsecond\n");
  rsa_keygen::test::write(path, text);
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const auto got = from_file(path);
  CHECK(view(got.text) == "correct horse");
  CHECK(got.warning.empty());
}

TEST_CASE("no byte of the line is taken for something else") {
  const temporary_directory directory;
  const std::string path = directory / "passphrase";
  rsa_keygen::test::write(path,
                          "\xef\xbb\xbf"
                          "correct horse \r\n");
  CHECK(view(from_file(path).text) ==
        "\xef\xbb\xbf"
        "correct horse \r");
}

TEST_CASE("a descriptor holds the passphrase") {
  const int end = reading_end("correct horse\nand more");
  const passphrase_source source(fmt::format("fd:{}", end));
  ::close(end);  // the number may be used by others from now on
  CHECK(view(source.read().text) == "correct horse");
}

TEST_CASE("a file that others may read is warned of") {
  const temporary_directory directory;
  const std::string path = directory / "passphrase";
  rsa_keygen::test::write(path, "correct horse\n");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  CHECK(from_file(path).warning ==
        "--passphrase file:" + path + ": others may read it (chmod 600 " + path + ")");
}

TEST_CASE("a file without a usable passphrase is refused") {
  const temporary_directory directory;
  const std::string path = directory / "passphrase";
  const std::string option = "--passphrase file:" + path;
  CHECK_THROWS_WITH(from_file(path), option + ": cannot read it: No such file or directory");
  rsa_keygen::test::write(path, "\nsecond line");
  CHECK_THROWS_WITH(from_file(path),
                    option + ": a passphrase of 0 bytes; accepted: 1 to 1023, none of them NUL");
  rsa_keygen::test::write(path, "correct\0horse"s);
  CHECK_THROWS_WITH(from_file(path),
                    option +
                        ": a passphrase with a NUL byte, at which openssl would end it; accepted: "
                        "1 to 1023, none of them NUL");
  rsa_keygen::test::write(path, std::string(1023, 'x'));
  CHECK(from_file(path).text.size() == 1023);
  rsa_keygen::test::write(path, std::string(2000, 'x'));
  CHECK_THROWS_AS(from_file(path), rankwise::config_error);
  CHECK_THROWS_WITH(
      from_file(directory.path()),
      "--passphrase file:" + directory.path().string() + ": cannot read it: Is a directory");
}

TEST_CASE("other places for a passphrase are refused, and no secret is repeated") {
  const std::string accepted = "accepted: file:PATH, fd:N, stdin";
  CHECK_THROWS_WITH(passphrase_source("pass:correct horse"),
                    "--passphrase: found pass:..., " + accepted +
                        "; every user of a host can read a command line");
  CHECK_THROWS_WITH(passphrase_source("env:HORSE"),
                    "--passphrase: found env:HORSE, " + accepted +
                        "; every process that the job starts inherits a variable, on every host");
  for (const char* other : {"correct horse", "", "file:", "stdin:"}) {
    CHECK_THROWS_WITH(passphrase_source(other), "--passphrase: found something else, " + accepted);
  }
  CHECK_THROWS_WITH(passphrase_source("fd:2"),
                    "--passphrase: found fd:2, " + accepted + "; 1 and 2 are outputs");
  CHECK_THROWS_WITH(passphrase_source("fd:987"),
                    "--passphrase: found fd:987, which is not open; " + accepted +
                        "; mpirun hands on no descriptor but standard input");
  CHECK_THROWS_AS(passphrase_source("fd:three"), rankwise::config_error);
}

TEST_CASE("the variable of old is refused") {
  CHECK_NOTHROW(rsa_keygen::refuse_passphrase_variable());
  REQUIRE(::setenv("RANKWISE_PASSPHRASE", "correct horse", 1) == 0);
  CHECK_THROWS_WITH(rsa_keygen::refuse_passphrase_variable(),
                    "RANKWISE_PASSPHRASE: found a passphrase in a variable, accepted: --passphrase "
                    "file:PATH, fd:N, stdin; every process that the job starts inherits a "
                    "variable, on every host");
  REQUIRE(::unsetenv("RANKWISE_PASSPHRASE") == 0);
}
