// SPDX-License-Identifier: MIT
// The files of a job: which there are, whether hosts see the same, and blocks through the root.
#include <rankwise/error.hpp>
#include <rankwise/files/file_list.hpp>
#include <rankwise/files/file_service.hpp>
#include <rankwise/files/file_view.hpp>
#include <rankwise/files/file_wire.hpp>
#include <rankwise/files/input_spool.hpp>
#include <rankwise/random.hpp>
#include <rankwise/readers/detail/file_source.hpp>
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/detail/spooled_source.hpp>
#include <rankwise/readers/split.hpp>

#include "catch.hpp"
#include "readers/read_support.hpp"
#include "thread_peers.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using rankwise::packing;
using rankwise::split;
using rankwise::files::block_answer;
using rankwise::files::block_bytes;
using rankwise::files::block_request;
using rankwise::files::expand;
using rankwise::files::file_service;
using rankwise::files::look_at;
using rankwise::files::pending_blocks;
using rankwise::files::remote_source;
using rankwise::test::run_on_threads;
using rankwise::test::thread_peers;
using read_tests::error_of;
using read_tests::temporary_file;
using names = std::vector<std::string>;

namespace {

/// A directory that lives as long as this.
class temporary_directory {
 public:
  temporary_directory() : path_((fs::temp_directory_path() / "rankwise_files_XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no directory: " + path_);
  }

  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  temporary_directory(temporary_directory&&) = delete;
  temporary_directory& operator=(temporary_directory&&) = delete;

  ~temporary_directory() { fs::remove_all(path_); }

  /// Makes a file there, and the directories that it stands in.
  std::string add(const std::string& name, std::string_view contents = "") const {
    const fs::path path = fs::path(path_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << contents;
    return path.string();
  }

  const std::string& path() const { return path_; }

  /// Without the directory's own name.
  names without_it(const names& paths) const {
    names left;
    for (const std::string& path : paths)
      left.push_back(fs::path(path).lexically_relative(path_).string());
    return left;
  }

 private:
  std::string path_;
};

std::string text_of(std::uint64_t seed, std::size_t n_bytes) {
  rankwise::random_stream random(seed, 0);
  std::string text(n_bytes, ' ');
  for (char& byte : text) byte = static_cast<char>(random() % 256);
  return text;
}

rankwise::exchange::channel_message letter_of(const block_request& asked) {
  rankwise::exchange::channel_message what;
  rankwise::wire::append_value(what.frame, asked);
  return what;
}

/// What the service says, behind what stands in the answer already.
std::pair<block_answer, std::string> ask(file_service& service, const block_request& asked) {
  rankwise::wire::bytes answer;
  rankwise::wire::append_value(answer, std::uint32_t{77});
  service.answer(letter_of(asked), answer);
  REQUIRE(answer.size() >= 5);
  std::uint32_t before = 0;
  std::memcpy(&before, answer.data(), sizeof before);
  CHECK(before == 77);
  return {static_cast<block_answer>(answer[4]),
          std::string(reinterpret_cast<const char*>(answer.data()) + 5, answer.size() - 5)};
}

split split_of(const std::string& path, std::uint64_t file_bytes) {
  split part;
  part.path = path;
  part.last = part.file_bytes = file_bytes;
  return part;
}

/// Row 0 serves the files at `paths`; each other row calls `use(peers, blocks)`. Row 0 is there
/// until all are done.
template <class Use>
std::vector<std::string> run_with_root(std::uint32_t n_ranks, const names& paths, const Use& use) {
  return run_on_threads(n_ranks, [&](thread_peers& peers) {
    constexpr std::uint64_t channel = 3;
    if (peers.row() == 0) {
      file_service service([&](std::uint32_t file) {
        return std::make_unique<rankwise::file_source>(paths.at(file));
      });
      peers.open_service(channel,
                         [&](const auto& what, auto& answer) { service.answer(what, answer); });
      peers.meet();
      peers.meet();
    } else {
      pending_blocks blocks(peers, channel, peers.cancelled());
      peers.meet();
      use(peers, blocks);
      peers.meet();
    }
  });
}

}  // namespace

TEST_CASE("files, directories and patterns are expanded in order") {
  const temporary_directory here;
  const std::string a = here.add("a.txt");
  const std::string b = here.add("b.txt");
  const std::string odd = here.add("odd[1].txt");
  here.add("logs/10.log");
  here.add("logs/2.log");
  here.add("logs/deep/er/1.log");
  fs::create_directory(here.path() + "/logs/empty");
  fs::create_symlink(a, here.path() + "/logs/link");

  CHECK(expand({}).empty());
  CHECK(expand({b, a, b}) == names{b, a, b});
  CHECK(here.without_it(expand({here.path() + "/logs"})) ==
        names{"logs/10.log", "logs/2.log", "logs/deep/er/1.log", "logs/link"});
  CHECK(expand({here.path() + "/?.txt"}) == names{a, b});
  CHECK(expand({odd}) == names{odd});  // its name is no pattern where there is such a file
  CHECK(here.without_it(expand({here.path() + "/l*s", a})).size() == 5);
}

TEST_CASE("links to directories are followed, and not back") {
  const temporary_directory here;
  fs::create_directories(here.path() + "/tree/deep");
  fs::create_directory(here.path() + "/other");
  std::ofstream(here.path() + "/tree/deep/one") << "1";
  std::ofstream(here.path() + "/other/two") << "2";
  fs::create_directory_symlink("../other", here.path() + "/tree/linked");
  fs::create_directory_symlink("..", here.path() + "/tree/deep/loop");
  fs::create_symlink("nowhere", here.path() + "/tree/broken");
  REQUIRE(::mkfifo((here.path() + "/tree/pipe").c_str(), 0600) == 0);
  CHECK(here.without_it(expand({here.path() + "/tree"})) ==
        names{"tree/deep/one", "tree/linked/two"});
}

TEST_CASE("the directory that can't be listed is named") {
  const temporary_directory here;
  fs::create_directories(here.path() + "/tree/deep/er");
  std::ofstream(here.path() + "/tree/one") << "1";
  fs::permissions(here.path() + "/tree/deep/er", fs::perms::none);
  fs::permissions(here.path(), fs::perms::all);
  constexpr uid_t nobody = 65534;
  const uid_t self = ::geteuid();
  if (self == 0) REQUIRE(::seteuid(nobody) == 0);  // root may list everything
  const std::string said = error_of([&] { expand({here.path() + "/tree"}); });
  if (self == 0) REQUIRE(::seteuid(self) == 0);
  CHECK(said == here.path() + "/tree/deep/er: can't be listed: Permission denied");
  fs::permissions(here.path() + "/tree/deep/er", fs::perms::owner_all);
}

TEST_CASE("what names nothing is said") {
  const temporary_directory here;
  fs::create_directory(here.path() + "/empty");
  fs::create_symlink(here.path() + "/nowhere", here.path() + "/broken");
  fs::create_symlink("loop", here.path() + "/loop");
  CHECK(error_of([&] { expand({here.path() + "/nothing"}); }) ==
        here.path() +
            "/nothing: not found; accepted: files, directories, patterns such as 'logs/*.txt', and "
            "- for standard input");
  CHECK_THAT(error_of([&] { expand({here.path() + "/*.txt"}); }),
             ContainsSubstring("/*.txt: not found; accepted: "));
  CHECK(error_of([&] { expand({here.path() + "/empty"}); }) ==
        here.path() + "/empty: holds no file");
  for (const char* const name : {"/broken", "/loop"}) {
    const std::string path = here.path() + name;
    CHECK(expand({path}) == names{path});
    CHECK_FALSE(look_at(path).has_value());
  }
}

TEST_CASE("two looks at a file agree until it is another") {
  const temporary_directory here;
  const std::string path = here.add("file", text_of(1, 10'000));
  const auto first = look_at(path);
  REQUIRE(first.has_value());
  CHECK(first->path == path);
  CHECK(first->n_bytes == 10'000);
  CHECK(first->is_same_as(look_at(path).value()));
  const auto changed = fs::last_write_time(path);

  const std::string same = here.add("other/file", text_of(1, 10'000));
  fs::last_write_time(same, changed);
  CHECK(first->is_same_as(look_at(same).value()));
  SECTION("time") {
    fs::last_write_time(same, changed + std::chrono::nanoseconds(1000));
  }
  SECTION("size") {
    here.add("other/file", text_of(1, 10'001));
    fs::last_write_time(same, changed);
  }
  SECTION("first block") {
    here.add("other/file", text_of(2, 10'000));
    fs::last_write_time(same, changed);
  }
  CHECK_FALSE(first->is_same_as(look_at(same).value()));
}

TEST_CASE("only regular files that can be read are seen") {
  const temporary_directory here;
  CHECK(look_at(here.add("empty")).value().n_bytes == 0);
  CHECK_FALSE(look_at(here.path()).has_value());
  CHECK_FALSE(look_at(here.path() + "/nothing").has_value());
  CHECK_FALSE(look_at("/dev/null").has_value());
}

TEST_CASE("a look at a file shows how it is packed") {
  const temporary_directory here;
  CHECK(look_at(here.add("a.txt", "text")).value().packed == packing::none);
  CHECK(look_at(here.add("b.txt", "\x1f\x8b\x08 and so on")).value().packed == packing::gzip);
  CHECK(look_at(here.add("c.GZ", "text")).value().packed == packing::gzip);
}

TEST_CASE("what has no size before it is read is copied") {
  const temporary_directory here;
  CHECK_FALSE(look_at("/proc/self/status").has_value());  // it has bytes, and a size of 0
  rankwise::files::input_spool spool(here.path());
  const auto contents = [](const rankwise::files::file_facts& facts) {
    rankwise::spooled_source source(facts.copy.value(), facts.path);
    CHECK(source.name() == facts.path);
    return read_tests::contents_of(source, 1'000);
  };
  const auto status = spool.add("/proc/self/status");
  CHECK(status.n_bytes > 100);
  const std::string fifo = here.path() + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::string text = "\x1f\x8b\x08" + text_of(2, 1'000'000);
  std::thread writer([&] { std::ofstream(fifo, std::ios::binary) << text; });
  const auto piped = spool.add(fifo);
  writer.join();
  const auto nothing = spool.add("/dev/null");
  CHECK(contents(piped) == text);
  CHECK(piped.packed == packing::gzip);
  CHECK_THAT(contents(status), ContainsSubstring("PPid:"));
  CHECK(status.packed == packing::none);
  CHECK(contents(nothing).empty());
  CHECK(error_of([&] { spool.add(here.path()); }) ==
        here.path() + ": can't be read: Is a directory");
  CHECK(error_of([&] { spool.add("/nowhere/at all"); }) ==
        "/nowhere/at all: can't be opened: No such file or directory");
}

TEST_CASE("the root answers with blocks, or with what is wrong") {
  const std::string text = text_of(3, 3 * block_bytes / 2);
  const temporary_file file(text);
  std::uint32_t n_opened = 0;
  file_service service([&](std::uint32_t number) -> std::unique_ptr<rankwise::byte_source> {
    ++n_opened;
    if (number == 9) throw std::runtime_error("no number 9");
    return std::make_unique<rankwise::file_source>(number == 8 ? "/nowhere/at all" : file.path());
  });
  using answer = std::pair<block_answer, std::string>;
  CHECK(ask(service, {0, 10, 0}) == answer{block_answer::bytes, text.substr(0, 10)});
  CHECK(ask(service, {0, block_bytes, 5}) ==
        answer{block_answer::bytes, text.substr(5, block_bytes)});
  CHECK(ask(service, {0, UINT32_MAX, 5}) ==
        answer{block_answer::bytes, text.substr(5, block_bytes)});  // no more than a block
  CHECK(ask(service, {0, block_bytes, block_bytes}) ==
        answer{block_answer::bytes, text.substr(block_bytes)});
  CHECK(ask(service, {0, 10, text.size()}) == answer{block_answer::bytes, ""});
  CHECK(ask(service, {0, 0, 0}) == answer{block_answer::bytes, ""});
  CHECK(n_opened == 1);
  CHECK(service.bytes_served() == 10 + 2 * block_bytes + block_bytes / 2);

  CHECK(ask(service, {9, 10, 0}) == answer{block_answer::failure, "no number 9"});
  const auto [kind, says] = ask(service, {8, 10, 0});
  CHECK(kind == block_answer::failure);
  CHECK_THAT(says, ContainsSubstring("/nowhere/at all"));
  rankwise::exchange::channel_message cut_short;
  cut_short.frame.resize(3, std::byte{0});
  rankwise::wire::bytes out;
  service.answer(cut_short, out);
  REQUIRE(out.size() > 1);
  CHECK(static_cast<block_answer>(out[0]) == block_answer::failure);
  CHECK(service.bytes_served() == 10 + 2 * block_bytes + block_bytes / 2);

  // A few files stay open; each is found again, whether it did or not.
  for (std::uint32_t number = 10; number < 60; ++number)
    CHECK(ask(service, {number, 4, number}).second == text.substr(number, 4));
  CHECK(ask(service, {0, 4, 100}).second == text.substr(100, 4));
}

TEST_CASE("a file of the root's is read over letters as if it were here") {
  const auto seed = GENERATE(range(1U, 7U));
  const std::uint32_t n_ranks = GENERATE(2U, 3U, 5U);
  CAPTURE(seed, n_ranks);
  const std::string text = text_of(seed, seed == 1 ? 0 : seed * 300'000 + seed);
  const temporary_file first(text);
  const temporary_file second(text + text);
  std::vector<std::string> wrong(n_ranks);
  const auto thrown = run_with_root(
      n_ranks, {first.path(), second.path()}, [&](thread_peers& peers, pending_blocks& blocks) {
        split part = split_of("the name", 2 * text.size());
        part.file = 1;
        remote_source one(blocks, split_of(first.path(), text.size()));
        remote_source other(blocks, part);
        if (other.name() != "the name") wrong[peers.row()] = "name";
        rankwise::random_stream random(seed, peers.row());
        std::vector<char> buffer(block_bytes);
        // Both in turn: forwards, and now and then somewhere else.
        std::uint64_t at = 0;
        for (int i = 0; i < 60; ++i) {
          if (random() % 4 == 0) at = random() % (2 * text.size() + 10);
          remote_source& source = i % 3 == 0 ? one : other;
          const std::string_view all = text;
          const std::uint64_t n_bytes = text.size() * (i % 3 == 0 ? 1 : 2);
          const std::size_t n_wanted = 1 + random() % buffer.size();
          const std::size_t n_read = source.read_at(at, std::span(buffer).first(n_wanted));
          if (n_read > n_wanted || (n_read == 0) != (at >= n_bytes)) wrong[peers.row()] = "length";
          for (std::size_t k = 0; k < n_read; ++k) {
            if (buffer[k] != all[(at + k) % all.size()]) wrong[peers.row()] = "bytes";
          }
          at += n_read;
        }
        if (read_tests::contents_of(one, 100'000) != text) wrong[peers.row()] = "contents";
      });
  CHECK(thrown == names(n_ranks));
  CHECK(wrong == names(n_ranks));
}

TEST_CASE("what the root can't read is told where it is wanted, and is no data there") {
  const std::string text = text_of(1, 2 * block_bytes);
  const temporary_file file(text);
  std::string first;
  std::string again;
  std::string shorter;
  std::size_t n_read = 0;
  const auto thrown = run_with_root(
      2, {file.path(), "/nowhere/at all"}, [&](thread_peers&, pending_blocks& blocks) {
        split missing = split_of("missing", 1'000);
        missing.file = 1;
        remote_source gone(blocks, missing);
        std::vector<char> buffer(100);
        first = error_of([&] { gone.read_at(0, buffer); });
        again = error_of([&] { gone.read_at(10, buffer); });
        // Four blocks were there when the root made its list.
        remote_source cut(blocks, split_of("cut", 4 * block_bytes));
        n_read = read_tests::error_of([&] { cut.read_at(block_bytes, buffer); }) == "none" ? 1 : 0;
        shorter = error_of([&] { cut.read_at(2 * block_bytes, buffer); });
      });
  CHECK(thrown == names(2));
  CHECK_THAT(first, ContainsSubstring("/nowhere/at all"));
  CHECK(again == first);
  CHECK(n_read == 1);
  CHECK(shorter == "cut: byte 524288: the root's file ends here: it has become shorter");
}

TEST_CASE("blocks that nobody waits for any more are dropped") {
  const temporary_file file(text_of(1, 8 * block_bytes));
  const auto thrown =
      run_with_root(2, {file.path()}, [&](thread_peers& peers, pending_blocks& blocks) {
        std::vector<char> buffer(100);
        for (int i = 0; i < 10; ++i) {
          remote_source source(blocks, split_of("file", 8 * block_bytes));
          source.read_at(0, buffer);  // three more blocks are under way when this is gone
        }
        remote_source source(blocks, split_of("file", 8 * block_bytes));
        for (const std::uint64_t block : {7U, 0U, 5U, 0U, 6U})
          source.read_at(block * block_bytes, buffer);
        peers.poll();
      });
  CHECK(thrown == names(2));
}

TEST_CASE("a rank that waits for a block stops when the call is cancelled") {
  const auto thrown = run_on_threads(2, [&](thread_peers& peers) {
    pending_blocks blocks(peers, 3, peers.cancelled());
    peers.meet();
    if (peers.row() == 0) throw std::runtime_error("no service here");
    remote_source source(blocks, split_of("file", 1'000));
    std::vector<char> buffer(100);
    source.read_at(0, buffer);
  });
  CHECK(thrown == names{"no service here", "the call was cancelled"});
}

TEST_CASE("a view opens what is here, and asks the root for the rest") {
  const temporary_file here("one two three");
  const temporary_file spooled("else four five six and more");
  std::vector<std::string> found(3);
  const auto thrown =
      run_with_root(2, {here.path(), "", here.path()}, [&](thread_peers& peers, pending_blocks&) {
        rankwise::files::file_view view(peers, 3, peers.cancelled(), {1, 1, 0});
        const auto read = [&](const std::string& path, std::uint32_t file) {
          split part = split_of(path, 13);
          part.file = file;
          part.first = 4;
          part.last = 7;
          if (file == 1) part.copy = {spooled.path(), 5, 13};
          rankwise::input text = view.open(part);
          CHECK(text.first() == 4);
          CHECK(text.last() == 7);
          CHECK(text.name() == path);
          return read_tests::contents_of(text.source(), 5);
        };
        found[0] = read(here.path(), 0);
        found[1] = read(std::string(rankwise::files::standard_input), 1);
        found[2] = read("elsewhere", 2);
      });
  CHECK(thrown == names(2));
  CHECK(found == names{"one two three", "four five six", "one two three"});
}
