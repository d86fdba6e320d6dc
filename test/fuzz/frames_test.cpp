// SPDX-License-Identifier: MIT
// Frames and values that are not what they say: refused with a decode_error, or read; never more
// memory than a few times what came.
#include <rankwise/core/message.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include "catch.hpp"
#include "fuzz.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace wire = rankwise::wire;

namespace {

using rich = std::tuple<std::string,
                        std::vector<std::vector<std::int32_t>>,
                        std::map<std::string, std::optional<double>>,
                        std::variant<std::int64_t, std::string>>;

const rich sample{"text", {{1, 2, 3}, {}, {4}}, {{"a", 1.5}, {"b", std::nullopt}}, "other"};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Value>
std::string encoded(const Value& value) {
  wire::bytes out;
  wire::encoder<Value>(out).put(value);
  return text_of(out);
}

std::string frame_of(const std::vector<std::string>& payloads) {
  wire::bytes all;
  wire::frame_header header;
  header.kind = static_cast<std::uint8_t>(rankwise::exchange::frame_kind::calls);
  wire::append_value(all, header);
  for (const std::string& payload : payloads) {
    const rankwise::core::reports::failed report{1, 2, 3};
    wire::append_value(all, rankwise::exchange::message_header(report.kind, payload.size()));
    wire::append_value(all, report);
    wire::append(all, payload.data(), payload.size());
  }
  header.payload_bytes = all.size() - sizeof header;
  std::string text = text_of(all);
  text.replace(0, sizeof header, reinterpret_cast<const char*>(&header), sizeof header);
  return text;
}

template <class Value>
bool try_value(std::span<const std::byte> bytes) {
  try {
    wire::decoder<Value> decoder(bytes);
    const Value value = decoder.get();
    REQUIRE(encoded(value).size() <= bytes.size() + 64);
    return true;
  } catch (const wire::decode_error&) {
    return false;
  }
}

}  // namespace

TEST_CASE("frames") {
  const std::vector<std::string> texts{
      frame_of({}), frame_of({"a", ""}), frame_of({"bc", "def", "g"})};
  std::uint64_t n_messages = 0;
  std::uint64_t n_refused = 0;
  fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::string text = fuzz::changed(texts, chance);
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    try {
      rankwise::exchange::frame_reader reader(bytes, 0);
      std::span<const std::byte> payload;
      if (reader.kind() == rankwise::exchange::frame_kind::channels) {
        rankwise::exchange::channel_header header;
        while (reader.next(header, payload)) REQUIRE(payload.size() < text.size());
      }
      rankwise::core::any_report report;
      while (reader.next(report, payload)) {
        REQUIRE(payload.size() < text.size());
        ++n_messages;
      }
    } catch (const wire::decode_error&) {
      ++n_refused;
    }
  });
  CHECK(n_messages > 0);
  CHECK(n_refused > 0);
}

TEST_CASE("values") {
  const std::vector<std::string> texts{encoded(sample),
                                       encoded(std::vector<std::string>{"a", "bc"}),
                                       encoded(std::vector<double>{1, 2, 3}),
                                       encoded(std::string("some text"))};
  std::uint64_t n_read = 0;
  std::uint64_t n_refused = 0;
  fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::string text = fuzz::changed(texts, chance);
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    for (const bool is_read : {try_value<rich>(bytes),
                               try_value<std::vector<std::string>>(bytes),
                               try_value<std::vector<double>>(bytes),
                               try_value<std::string>(bytes)}) {
      ++(is_read ? n_read : n_refused);
    }
    try {
      static_cast<void>(rankwise::engine::failure_text::decode(bytes));
    } catch (const wire::decode_error&) {
      ++n_refused;
    }
  });
  CHECK(n_read > 0);
  CHECK(n_refused > 0);
}
