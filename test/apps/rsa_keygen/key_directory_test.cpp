// SPDX-License-Identifier: MIT
#include "rsa_keygen/key_directory.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "file_contents.hpp"
#include "temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <string>

using rankwise::config_error;
using rankwise::test::temporary_directory;
using rsa_keygen::key_directory;

namespace {

std::string complaint(const key_directory& directory) {
  try {
    directory.check();
  } catch (const config_error& error) {
    return error.what();
  }
  return "no complaint";
}

}  // namespace

TEST_CASE("a directory that is not there is made, closed to others") {
  const temporary_directory parent;
  const key_directory keys(parent / "keys");
  keys.check();
  CHECK(parent.names().empty());
  keys.make();
  CHECK(rsa_keygen::test::mode(parent / "keys") == 0700);
  keys.make();
  keys.check();
}

TEST_CASE("paths are absolute, with or without a slash at the end") {
  CHECK(key_directory("keys").path() == std::filesystem::current_path() / "keys");
  CHECK(key_directory("keys/").path() == std::filesystem::current_path() / "keys");
  CHECK(key_directory("/a/./b/../keys").path() == "/a/keys");
}

TEST_CASE("what can't take keys is refused") {
  const temporary_directory parent;
  const std::string path = parent / "keys";
  const key_directory keys(path);

  SECTION("the parent is not there") {
    CHECK(complaint(key_directory(path + "/more")) ==
          "--out " + path + "/more: cannot make the directory: No such file or directory");
  }
  SECTION("the parent is a file") {
    rsa_keygen::test::write(path, "");
    CHECK(complaint(key_directory(path + "/more")) ==
          "--out " + path + "/more: cannot look at it: Not a directory");
  }
  SECTION("it is a file") {
    rsa_keygen::test::write(path, "");
    CHECK(complaint(keys) == "--out " + path + ": is not a directory");
    CHECK_THROWS_AS(keys.make(), config_error);
  }
  SECTION("others may look in") {
    std::filesystem::create_directory(path);
    std::filesystem::permissions(path, std::filesystem::perms(0750));
    CHECK(complaint(keys) ==
          "--out " + path + ": has mode 0750, which lets others in; accepted: 0700 (chmod 700 " +
              path + ")");
    CHECK_THROWS_AS(keys.make(), config_error);
    CHECK(rsa_keygen::test::mode(path) == 0750);
  }
  SECTION("it has keys in it") {
    keys.make();
    const std::string name = GENERATE("key-000003.pem", "key-000003.pub");
    rsa_keygen::test::write(path + "/" + name, "old");
    CHECK(complaint(keys) == "--out " + path + ": holds " + name +
                                 " already; accepted: a directory without key-* files");
    keys.make();
    CHECK(rsa_keygen::test::read(path + "/" + name) == "old");
  }
  SECTION("nothing can be made there") {
    CHECK_THROWS_WITH(key_directory("/proc/no_keys").make(),
                      "--out /proc/no_keys: cannot make the directory: No such file or directory");
  }
}

TEST_CASE("other files in the directory are no hindrance") {
  const temporary_directory directory;
  rsa_keygen::test::write(directory / "notes.txt", "");
  CHECK(complaint(key_directory(directory.path())) == "no complaint");
}

TEST_CASE("during a job only the key's own name must be free") {
  const temporary_directory directory;
  const key_directory keys(directory.path());
  rsa_keygen::test::write(directory / "key-000003.pem", "");
  keys.check_free(2, 10);
  CHECK_THROWS_AS(keys.check_free(3, 10), config_error);
  std::filesystem::create_symlink("nowhere", directory / "key-000004.pem");
  CHECK_THROWS_AS(keys.check_free(4, 10), config_error);
}

TEST_CASE("the names of a job sort as its keys do") {
  const key_directory keys("/keys");
  CHECK(keys.private_file(42, 1).string() == "/keys/key-000042.pem");
  CHECK(keys.public_file(42, 100).string() == "/keys/key-000042.pub");
  CHECK(keys.private_file(999999, 1000000).string() == "/keys/key-999999.pem");
  CHECK(keys.private_file(42, 1000001).string() == "/keys/key-0000042.pem");
}

TEST_CASE("the private keys of a job that are there") {
  const temporary_directory parent;
  const key_directory directory(parent / "keys");
  CHECK(directory.present(12).empty());
  directory.make();
  for (const char* name : {"key-000007.pem",
                           "key-000003.pem",
                           "key-000002.pub",
                           "key-000012.pem",
                           "key-4.pem",
                           "key-000005.pem.old",
                           "key-.pem"})
    rsa_keygen::test::write(parent / (std::string("keys/") + name), "");
  CHECK(directory.present(12) == std::vector<std::uint64_t>{3, 7});
}
