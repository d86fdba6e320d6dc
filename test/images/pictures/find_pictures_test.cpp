// SPDX-License-Identifier: MIT
#include "images/find_pictures.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using rankwise::images::find_pictures;

namespace {

/// A directory that is gone after the test.
class scratch_directory {
 public:
  scratch_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "picturesXXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }

  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  scratch_directory(scratch_directory&&) = delete;
  scratch_directory& operator=(scratch_directory&&) = delete;

  ~scratch_directory() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const {
    const std::filesystem::path at = path_ / name;
    std::filesystem::create_directories(at.parent_path());
    std::ofstream(at) << "x";
    return at.string();
  }

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("pictures of a directory are found by their endings, and sorted") {
  const scratch_directory all;
  const std::string late = all.file("b.PNG");
  const std::string early = all.file("a.jpeg");
  const std::string below = all.file("sub/c.bmp");
  all.file("notes.txt");
  const std::string other = all.file("photo.data");  // named outright: its content will tell
  std::vector<std::string> found;
  for (const std::filesystem::path& path : find_pictures({other, all.path()}))
    found.push_back(path.string());
  CHECK(found == std::vector{other, early, late, below});
}

TEST_CASE("pictures behind links to directories are found") {
  const scratch_directory all;
  const std::string linked = all.file("other/a.png");
  all.file("pictures/b.png");
  std::filesystem::create_directory_symlink("../other", all.path() + "/pictures/class");
  std::filesystem::create_directory_symlink(".", all.path() + "/pictures/loop");
  CHECK(find_pictures({all.path() + "/pictures"}).size() == 2);
}

TEST_CASE("what is not there, or holds no pictures, is refused") {
  const scratch_directory all;
  all.file("notes.txt");
  CHECK_THROWS_WITH(
      find_pictures({all.path()}),
      all.path() + ": found no pictures there, accepted: files named .jpg, .jpeg, .png or .bmp");
  CHECK_THROWS_WITH(find_pictures({all.path() + "/none.jpg"}),
                    all.path() + "/none.jpg: No such file or directory");
}
