// SPDX-License-Identifier: MIT
#include <rankwise/wire/frame.hpp>

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace wire = rankwise::wire;

namespace {

wire::bytes frame_of(const wire::frame_header& header, std::size_t payload_bytes) {
  wire::bytes message;
  wire::append_value(message, header);
  message.resize(message.size() + payload_bytes, std::byte{5});
  return message;
}

std::string refusal_of(const wire::bytes& message) {
  try {
    (void)wire::parse_frame(message);
  } catch (const wire::decode_error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a frame comes apart as it was put together") {
  const wire::frame_header header{.kind = 3, .sequence = 7, .incarnation = 2, .payload_bytes = 4};
  const wire::bytes message = frame_of(header, 4);
  const wire::parsed_frame frame = wire::parse_frame(message);
  CHECK(frame.header.kind == 3);
  CHECK(frame.header.sequence == 7);
  CHECK(frame.header.incarnation == 2);
  CHECK(frame.payload.size() == 4);
  CHECK(frame.payload.data() == message.data() + sizeof(wire::frame_header));
}

TEST_CASE("what is no frame of ours is refused with what was found and expected") {
  CHECK(refusal_of({}) == "frame of 0 bytes: its header alone has 24");
  CHECK(refusal_of(wire::bytes(23, std::byte{0})) == "frame of 23 bytes: its header alone has 24");
  CHECK(refusal_of(frame_of({.payload_bytes = 5}, 4)) ==
        "frame with 4 bytes of payload: its header says 5");
  CHECK(refusal_of(frame_of({.payload_bytes = 3}, 4)) ==
        "frame with 4 bytes of payload: its header says 3");
  CHECK(refusal_of(frame_of({.payload_bytes = std::uint64_t{5} << 32U}, 4)) ==
        "frame with 4 bytes of payload: its header says 21474836480");
  CHECK(refusal_of(frame_of({.version = 9}, 0)) ==
        "frame of wire version 9: this program has " +
            std::to_string(rankwise::wire::wire_version));
  CHECK(refusal_of(frame_of({.magic = 0x524e4b57U}, 0)) ==
        "frame of a rank with the other byte order");
  CHECK(refusal_of(frame_of({.magic = 1}, 0)) ==
        "not a frame: it begins with 1 in place of 1464553042");
}

TEST_CASE("resizing does not clear, and growing keeps what was there") {
  wire::bytes out;
  wire::append_value(out, std::uint32_t{0x01020304U});
  for (int i = 0; i < 1000; ++i) wire::append_value(out, std::uint8_t{1});
  wire::reader reader(out);
  CHECK(reader.take_value<std::uint32_t>() == 0x01020304U);
  CHECK(reader.remaining() == 1000);
  CHECK(reader.take(1000).back() == std::byte{1});
  CHECK_THROWS_AS(reader.take(1), wire::decode_error);

  out = wire::bytes(64, std::byte{7});
  out.clear();
  out.resize(64);
  CHECK(out[63] == std::byte{7});
}

TEST_CASE("a buffer that was moved from is empty, and a copy is another") {
  wire::bytes first(4, std::byte{1});
  wire::bytes second = first;
  second[0] = std::byte{2};
  CHECK(first[0] == std::byte{1});
  const wire::bytes third = std::move(second);
  CHECK(third.size() == 4);
  CHECK(second.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  second.resize(2, std::byte{9});
  first = second;
  CHECK(first.size() == 2);
  CHECK(first[1] == std::byte{9});
  CHECK(third[3] == std::byte{1});
  first = wire::bytes();
  CHECK(first.empty());
}
