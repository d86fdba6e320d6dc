// SPDX-License-Identifier: MIT
#include "rsa_keygen/passphrase.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

using rsa_keygen::passphrase_from_file;
using rsa_keygen::passphrase_from_variable;
using rsa_keygen::view;
using rsa_keygen::test::temporary_directory;

TEST_CASE("the first line of a file is the passphrase") {
  const temporary_directory directory;
  const std::string path = directory / "passphrase";
  const std::string text = GENERATE("correct horse\n", "correct horse", "correct horse\nsecond\n");
  rsa_keygen::test::write(path, text);
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const auto got = passphrase_from_file(path);
  CHECK(view(got.text) == "correct horse");
  CHECK(got.warning.empty());
}

TEST_CASE("a file that others may read is warned of") {
  const temporary_directory directory;
  const std::string path = directory / "passphrase";
  rsa_keygen::test::write(path, "correct horse\n");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  CHECK(passphrase_from_file(path).warning ==
        "--passphrase-file " + path + ": others may read it (chmod 600 " + path + ")");
}

TEST_CASE("a file without a usable passphrase is refused") {
  const temporary_directory directory;
  const std::string path = directory / "passphrase";
  const std::string option = "--passphrase-file " + path;
  CHECK_THROWS_WITH(passphrase_from_file(path),
                    option + ": cannot read it: No such file or directory");
  rsa_keygen::test::write(path, "\nsecond line");
  CHECK_THROWS_WITH(passphrase_from_file(path),
                    option + ": a passphrase of 0 bytes; accepted: 1 to 1023");
  rsa_keygen::test::write(path, std::string(1023, 'x'));
  CHECK(passphrase_from_file(path).text.size() == 1023);
  rsa_keygen::test::write(path, std::string(2000, 'x'));
  CHECK_THROWS_AS(passphrase_from_file(path), rankwise::config_error);
  CHECK_THROWS_WITH(
      passphrase_from_file(directory.path()),
      "--passphrase-file " + directory.path().string() + ": cannot read it: Is a directory");
}

TEST_CASE("a variable holds the passphrase") {
  const std::string name = "RSA_KEYGEN_TEST_PASSPHRASE";
  REQUIRE(::setenv(name.c_str(), "correct horse", 1) == 0);
  CHECK(view(passphrase_from_variable(name).text) == "correct horse");
  REQUIRE(::setenv(name.c_str(), "", 1) == 0);
  CHECK_THROWS_WITH(passphrase_from_variable(name),
                    "variable " + name + ": a passphrase of 0 bytes; accepted: 1 to 1023");
  REQUIRE(::unsetenv(name.c_str()) == 0);
  CHECK_THROWS_WITH(passphrase_from_variable(name),
                    "--gather: the variable " + name +
                        " is not set; accepted: a passphrase there, in --passphrase-env NAME or in "
                        "--passphrase-file FILE");
}
