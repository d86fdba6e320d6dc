// SPDX-License-Identifier: MIT
#include <rankwise/read/for_each_word.hpp>
#include <rankwise/read/input.hpp>
#include <rankwise/read/open_file.hpp>
#include <rankwise/wire/codec.hpp>

#include "catch.hpp"
#include "read_support.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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
      CHECK_THAT(message, ContainsSubstring(": damaged " + format + " data: "));
    }
  }
  CHECK(n_refused > two.size() / 2);
  CHECK_THAT(read_tests::error_of([&] { unpacked(packed, one + "garbage", 100); }),
             ContainsSubstring("damaged " + format + " data: "));
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
#else
TEST_CASE("zstd files, without libzstd") {
  CHECK_THAT(read_tests::error_of([] { unpacked(packing::zstd, "", 1); }),
             ContainsSubstring("some/file: packed by zstd, and this program was built without"));
}
#endif
