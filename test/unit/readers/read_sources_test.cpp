// SPDX-License-Identifier: MIT
#include <rankwise/readers/detail/file_source.hpp>
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/xz_source.hpp>
#include <rankwise/readers/detail/zstd_source.hpp>
#include <rankwise/readers/for_each_word.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/open_file.hpp>
#include <rankwise/wire/codec.hpp>

#include "catch.hpp"
#include "readers/read_support.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#ifdef RANKWISE_HAS_BZIP2
#include <bzlib.h>
#endif
#ifdef RANKWISE_HAS_LZMA
#include <lzma.h>
#endif
#ifdef RANKWISE_HAS_ZLIB
#include <zlib.h>
#endif
#ifdef RANKWISE_HAS_ZSTD
#include <zstd.h>
#endif

namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using rankwise::packing;
using read_tests::contents_of;
using read_tests::generator;
using read_tests::temporary_file;

std::string words_of(rankwise::input& from) {
  std::string joined;
  rankwise::for_each_word(from, [&](rankwise::token word) { (joined += word) += '.'; });
  return joined;
}

}  // namespace

TEST_CASE("a split travels, and opens the range that it says") {
  const temporary_file file("one two three four");
  rankwise::split part;
  part.path = file.path();
  part.first = 4;
  part.last = 9;
  part.file = 3;
  rankwise::wire::bytes message;
  rankwise::wire::encoder<rankwise::split>(message).put(part);
  const auto arrived = rankwise::wire::decoder<rankwise::split>(message).get();
  CHECK(arrived.file == 3);
  rankwise::input range = rankwise::input::open(arrived);
  CHECK(range.name() == file.path());
  CHECK(range.first() == 4);
  CHECK(range.last() == 9);
  CHECK(words_of(range) == "two.three.");
  rankwise::input whole = rankwise::input::of_text("one two");
  CHECK(words_of(whole) == "one.two.");
}

TEST_CASE("what can't be read is named") {
  CHECK(read_tests::error_of([] { rankwise::file_source("/no/such/file"); }) ==
        "/no/such/file: can't be opened: No such file or directory");
  rankwise::file_source directory("/");
  CHECK(read_tests::error_of([&] { contents_of(directory, 10); }) ==
        "/: byte 0: can't be read: Is a directory");
  rankwise::file_source empty("/dev/null");
  CHECK(contents_of(empty, 10).empty());
}

TEST_CASE("a file that is not what it was is an error, not other bytes") {
  const std::string text = generator(1).text(10'000, "ab");
  const temporary_file file(text);

  struct stat before {};

  REQUIRE(::stat(file.path().c_str(), &before) == 0);
  std::string buffer(4'000, ' ');
  const auto error_after = [&](const auto& change, rankwise::file_promise promised) {
    rankwise::file_source source(file.path(), "some/file", promised);
    CHECK(source.read_at(0, buffer) == buffer.size());
    change();
    return read_tests::error_of([&] {
      std::uint64_t offset = buffer.size();
      while (const std::size_t n = source.read_at(offset, buffer)) offset += n;
    });
  };
  const auto cut = [&] { REQUIRE(::truncate(file.path().c_str(), 5'000) == 0); };
  const auto write = [&](const char* mode, const char* more) {
    std::FILE* const opened = std::fopen(file.path().c_str(), mode);
    std::fputs(more, opened);
    std::fclose(opened);
    // Clocks of files are coarse.
    std::filesystem::last_write_time(
        file.path(), std::filesystem::last_write_time(file.path()) + std::chrono::seconds(1));
  };
  const rankwise::file_promise all{10'000, rankwise::detail::changed_ns_of(before)};
  SECTION("nothing changes") {
    CHECK(error_after([] {}, all) == "none");
  }
  SECTION("it is cut") {
    CHECK(error_after(cut, all) ==
          "some/file: byte 4000: the file has changed since the job "
          "began: it had 10000 bytes, and has 5000");
  }
  SECTION("it is cut, where only its size is known") {
    CHECK(error_after(cut, {10'000}) ==
          "some/file: byte 5000: the file has changed since the job "
          "began: it had 10000 bytes, and has 5000");
  }
  SECTION("it is added to") {
    CHECK(error_after([&] { write("a", "more"); }, all) ==
          "some/file: byte 4000: the file has changed since the job began: it had 10000 bytes, and "
          "has 10004");
  }
  SECTION("it is rewritten") {
    CHECK(error_after([&] { write("r+", "other"); }, all) ==
          "some/file: byte 4000: the file was written to after the job had begun to read it");
  }
  SECTION("nothing was promised") {
    CHECK(error_after(cut, {}) == "none");
  }
}

TEST_CASE("first bytes show how a file is packed, and its name where they do not") {
  using rankwise::packing_of;
  using namespace std::string_literals;
  CHECK(packing_of("\x1f\x8b\x08 and so on") == packing::gzip);
  CHECK(packing_of("\x1f\x8b") == packing::none);
  CHECK(packing_of("\x28\xb5\x2f\xfd") == packing::zstd);
  CHECK(packing_of("\x5f\x2a\x4d\x18") == packing::zstd);
  CHECK(packing_of("\x60\x2a\x4d\x18") == packing::none);
  CHECK(packing_of("BZh91AY&SY") == packing::bzip2);
  CHECK(packing_of("BZh1\x17\x72\x45\x38\x50\x90") == packing::bzip2);
  CHECK(packing_of("BZh91 is a word") == packing::none);
  CHECK(packing_of("BZh01AY&SY") == packing::none);
  CHECK(packing_of("\xfd\x37zXZ\0"s) == packing::xz);
  CHECK(packing_of("\x04\x22\x4d\x18") == packing::lz4);
  CHECK(packing_of("LZIP\x01") == packing::lzip);
  CHECK(packing_of("") == packing::none);

  CHECK(packing_of("\x1f\x8b\x08", "a.txt") == packing::gzip);
  CHECK(packing_of("\x1f\x8b\x08", "a.zst") == packing::gzip);
  CHECK(packing_of("text", "a.gz") == packing::gzip);
  CHECK(packing_of("text", "A.GZ") == packing::gzip);
  CHECK(packing_of("", "a.tar.Zst") == packing::zstd);
  CHECK(packing_of("text", "a.bz2") == packing::bzip2);
  CHECK(packing_of("text", "a.xz") == packing::xz);
  CHECK(packing_of("text", "a.txt") == packing::none);
  CHECK(packing_of("text", "dir.gz/a") == packing::none);
  CHECK(packing_of("text", "gz") == packing::none);
  CHECK(packing_of("text", ".gz") == packing::none);

  CHECK(rankwise::can_begin(packing::xz, "\xfd\x37"));
  CHECK_FALSE(rankwise::can_begin(packing::xz, "\xfd\x38"));
}

TEST_CASE("what is packed in a way that is not unpacked is refused by name") {
  CHECK(read_tests::error_of([] {
          rankwise::unpack(packing::lz4,
                           std::make_unique<rankwise::memory_source>("a.lz4", "bytes"));
        }) == "a.lz4: packed by lz4, accepted: gzip, zstd, bzip2, xz");
}

TEST_CASE("what a decoder may remember is bounded by the machine's memory") {
  using rankwise::detail::largest_window_bytes;
  constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
  CHECK(largest_window_bytes(64 * 1024 * mebibyte) == 2048 * mebibyte);
  CHECK(largest_window_bytes(4096 * mebibyte) == 2048 * mebibyte);
  CHECK(largest_window_bytes(3000 * mebibyte) == 1024 * mebibyte);
  CHECK(largest_window_bytes(0) == 8 * mebibyte);
}

namespace {

// Reads what is packed through a source of small reads; `read_bytes` at once.
std::string unpacked(packing packed, std::string_view bytes, std::size_t read_bytes) {
  const auto source =
      rankwise::unpack(packed, std::make_unique<read_tests::trickle>(bytes, read_bytes, 1));
  return contents_of(*source, read_bytes);
}

template <class Pack>
void check_packing(packing packed, const Pack& pack, const std::string& format) {
  const std::string text = generator(4).mixed_text(300'000);
  const std::string file = pack(text) + pack("") + pack("some more");
  for (const std::size_t read_bytes : {std::size_t{7}, std::size_t{5000}, std::size_t{1'000'000}}) {
    const bool same = unpacked(packed, file, read_bytes) == text + "some more";
    CHECK(same);
    // Padded with zeros, as by tapes; some put more behind them.
    const std::string padded = file + std::string(1000, '\0') + pack(" at last") + '\0';
    const bool padding_is_nothing =
        unpacked(packed, padded, read_bytes) == text + "some more at last";
    CHECK(padding_is_nothing);
  }

  // As a split of a file; words go on from one member to the next.
  const temporary_file on_disk(pack("one t") + pack("wo thr") + pack("ee"));
  rankwise::split part;
  part.path = on_disk.path();
  part.last = rankwise::split::to_the_end;
  part.packed = packed;
  rankwise::input opened = rankwise::input::open(part);
  CHECK(words_of(opened) == "one.two.three.");
  CHECK_THROWS_AS(words_of(opened), std::logic_error);

  // Cut anywhere but between members.
  const std::string one = pack("abcabcabcabc some text");
  const std::string two = one + pack("more");
  for (std::size_t n_bytes = 0; n_bytes < two.size(); ++n_bytes) {
    CAPTURE(n_bytes);
    std::string found;
    const std::string message =
        read_tests::error_of([&] { found = unpacked(packed, two.substr(0, n_bytes), 9); });
    if (n_bytes == one.size()) {
      CHECK(message == "none");
      CHECK(found == "abcabcabcabc some text");
    } else {
      CHECK(message == "some/file: byte " + std::to_string(n_bytes) + ": damaged " + format +
                           " data: the file ends in the middle of them");
    }
  }

  // Damaged: no wrong byte gets through.
  std::size_t n_refused = 0;
  for (std::size_t i = 0; i < two.size(); ++i) {
    CAPTURE(i);
    std::string damaged = two;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    std::string found;
    const std::string message = read_tests::error_of([&] { found = unpacked(packed, damaged, 9); });
    if (message == "none") {
      CHECK(found == "abcabcabcabc some textmore");
    } else {
      ++n_refused;
      CHECK_THAT(message, StartsWith("some/file: byte "));
      CHECK_THAT(message,
                 ContainsSubstring(": damaged " + format + " data: ") ||
                     ContainsSubstring(", with which no " + format + " data begin") ||
                     ContainsSubstring(" behind the end of " + format + " data, accepted: ") ||
                     ContainsSubstring(" memory"));
    }
  }
  CHECK(n_refused > two.size() / 2);
  for (const std::string& padding : {std::string(), std::string(20, '\0')}) {
    CHECK(read_tests::error_of([&] { unpacked(packed, one + padding + "garbage", 100); }) ==
          "some/file: byte " + std::to_string(one.size() + padding.size()) +
              ": found 67 61 72 62 behind the end of " + format +
              " data, accepted: more of them, zeros, or the end of the file");
  }
  CHECK(read_tests::error_of([&] { unpacked(packed, "text", 100); }) ==
        "some/file: byte 0: found 74 65 78 74, with which no " + format +
            " data begin, where the file's name says that it is packed so");
}

}  // namespace

#ifdef RANKWISE_HAS_ZLIB
TEST_CASE("gzip files: members, words across them, cut and damaged ones") {
  check_packing(
      packing::gzip,
      [](std::string_view text) {
        z_stream stream{};
        constexpr int gzip_window = 15 + 16;
        REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        std::string packed(deflateBound(&stream, text.size()), ' ');
        stream.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(text.data()));
        stream.avail_in = static_cast<uInt>(text.size());
        stream.next_out = reinterpret_cast<Bytef*>(packed.data());
        stream.avail_out = static_cast<uInt>(packed.size());
        REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
        packed.resize(stream.total_out);
        deflateEnd(&stream);
        return packed;
      },
      "gzip");
}
#else
TEST_CASE("gzip files, without zlib") {
  CHECK_THAT(read_tests::error_of([] { unpacked(packing::gzip, "", 1); }),
             ContainsSubstring("some/file: packed by gzip, and this program was built without"));
}
#endif

#ifdef RANKWISE_HAS_ZSTD
TEST_CASE("zstd files: frames, words across them, cut and damaged ones") {
  check_packing(
      packing::zstd,
      [](std::string_view text) {
        ZSTD_CCtx* const context = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        std::string packed(ZSTD_compressBound(text.size()), ' ');
        const std::size_t n_bytes =
            ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size());
        REQUIRE(ZSTD_isError(n_bytes) == 0U);
        packed.resize(n_bytes);
        ZSTD_freeCCtx(context);
        return packed;
      },
      "zstd");
}

TEST_CASE("zstd frames with large windows are unpacked up to a limit that is said") {
  using namespace std::string_literals;
  // A frame header that says how far back the data may refer, and one raw block. Source: RFC 8878.
  const auto frame = [](unsigned int window_log) {
    const auto window = static_cast<char>((window_log - 10) << 3U);
    return "\x28\xb5\x2f\xfd\0"s + window + "\x29\0\0hello"s;
  };
  CHECK(unpacked(packing::zstd, frame(28), 100) == "hello");
  CHECK_THAT(read_tests::error_of([&] { unpacked(packing::zstd, frame(32), 100); }),
             StartsWith("some/file: byte ") &&
                 ContainsSubstring(": a zstd frame whose window takes more memory than there is, "
                                   "accepted: windows of "));

  rankwise::detail::zstd_decoder decoder(std::uint64_t{64} << 20U);
  const std::string bytes = frame(27);
  std::span<const char> packed(bytes);
  std::string place(100, ' ');
  std::span<char> target(place);
  CHECK(decoder.unpack(packed, target).wrong ==
        "a zstd frame whose window takes more memory than there is, accepted: windows of 64 MiB at "
        "most");
}
#else
TEST_CASE("zstd files, without libzstd") {
  CHECK_THAT(read_tests::error_of([] { unpacked(packing::zstd, "", 1); }),
             ContainsSubstring("some/file: packed by zstd, and this program was built without"));
}
#endif

#ifdef RANKWISE_HAS_BZIP2
TEST_CASE("bzip2 files: streams, words across them, cut and damaged ones") {
  check_packing(
      packing::bzip2,
      [](std::string_view text) {
        std::string packed(text.size() + text.size() / 100 + 600, ' ');
        auto n_bytes = static_cast<unsigned int>(packed.size());
        constexpr int largest_blocks = 9;
        REQUIRE(BZ2_bzBuffToBuffCompress(packed.data(),
                                         &n_bytes,
                                         const_cast<char*>(text.data()),
                                         static_cast<unsigned int>(text.size()),
                                         largest_blocks,
                                         0,
                                         0) == BZ_OK);
        packed.resize(n_bytes);
        return packed;
      },
      "bzip2");
}
#else
TEST_CASE("bzip2 files, without libbz2") {
  CHECK_THAT(read_tests::error_of([] { unpacked(packing::bzip2, "", 1); }),
             ContainsSubstring("some/file: packed by bzip2, and this program was built without"));
}
#endif

#ifdef RANKWISE_HAS_LZMA
namespace {

std::string packed_by_xz(std::string_view text) {
  std::string packed(lzma_stream_buffer_bound(text.size()), ' ');
  std::size_t n_bytes = 0;
  constexpr std::uint32_t usual = 6;
  REQUIRE(lzma_easy_buffer_encode(usual,
                                  LZMA_CHECK_CRC64,
                                  nullptr,
                                  reinterpret_cast<const std::uint8_t*>(text.data()),
                                  text.size(),
                                  reinterpret_cast<std::uint8_t*>(packed.data()),
                                  &n_bytes,
                                  packed.size()) == LZMA_OK);
  packed.resize(n_bytes);
  return packed;
}

}  // namespace

TEST_CASE("xz files: streams, words across them, cut and damaged ones") {
  check_packing(packing::xz, packed_by_xz, "xz");
}

TEST_CASE("xz files that take more memory than is given are refused, with both numbers") {
  rankwise::detail::xz_decoder decoder(std::uint64_t{2} << 20U);
  const std::string bytes = packed_by_xz("text");
  std::span<const char> packed(bytes);
  std::string place(100, ' ');
  std::span<char> target(place);
  decoder.begin();
  CHECK(decoder.unpack(packed, target).wrong ==
        "xz data that take 8 MiB of memory, accepted: 2 at most");
}
#else
TEST_CASE("xz files, without liblzma") {
  CHECK_THAT(read_tests::error_of([] { unpacked(packing::xz, "", 1); }),
             ContainsSubstring("some/file: packed by xz, and this program was built without"));
}
#endif
