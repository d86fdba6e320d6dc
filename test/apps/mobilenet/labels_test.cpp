// SPDX-License-Identifier: MIT
#include "mobilenet/commands/labels.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using mobilenet::class_names;

namespace {

/// A file that is gone after the test.
class scratch_file {
 public:
  explicit scratch_file(const std::string& text)
      : path_((std::filesystem::temp_directory_path() / ("labels" + std::to_string(::getpid())))
                  .string()) {
    std::ofstream(path_, std::ios::binary) << text;
  }

  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;
  scratch_file(scratch_file&&) = delete;
  scratch_file& operator=(scratch_file&&) = delete;

  ~scratch_file() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("names are lines, with or without a carriage return and a last end of line") {
  const scratch_file file("cat\r\ndog, hound\nbird");
  const class_names names(file.path(), 3);
  CHECK(names[0] == "cat");
  CHECK(names[1] == "dog, hound");
  CHECK(names[2] == "bird");
}

TEST_CASE("classes without names are numbers") {
  CHECK(class_names(5)[3] == "3");
}

TEST_CASE("another number of names than of classes is refused") {
  const scratch_file file("cat\ndog\n");
  CHECK_THROWS_WITH(class_names(file.path(), 4),
                    file.path() + ": found 2 names, accepted: 4, one for each class of the model");
  CHECK_THROWS_WITH(class_names(file.path(), 3),
                    file.path() +
                        ": found 2 names, accepted: 3, one for each class of the model (its first "
                        "may be \"background\")");
}

TEST_CASE("lines that are no name, and files that are not there, are refused") {
  const scratch_file file("cat\n\ndog\n");
  CHECK_THROWS_WITH(class_names(file.path(), 3),
                    file.path() + ":2: found an empty line, accepted: the name of a class");
  CHECK_THROWS_WITH(class_names("/no/such", 3), "/no/such: No such file or directory");
}
