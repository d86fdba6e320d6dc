// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace rankwise::engine {

/// Items that are expanded together, with all that is found behind them.
template <class Item>
struct bundle {
  bool again = false;  ///< some may have been expanded before, by a run that does not count
  std::vector<Item> items;

  static void encode(bool again, const std::vector<Item>& items, wire::bytes& out) {
    wire::append_value(out, static_cast<std::uint8_t>(again));
    wire::encoder<std::vector<Item>>(out).put(items);
  }

  static bundle decode(std::span<const std::byte> bytes) {
    wire::reader reader(bytes);
    bundle found;
    found.again = reader.take_value<std::uint8_t>() != 0;
    found.items = wire::decoder<std::vector<Item>>(reader.take(reader.remaining())).get();
    return found;
  }
};

/// What has come of a bundle, or of a part of it, on its way to the root.
template <class Value>
struct bundle_outcome {
  std::uint64_t n_items = 0;  ///< that were expanded
  Value value{};

  static void encode(std::uint64_t n_items, const Value& value, wire::bytes& out) {
    wire::append_value(out, n_items);
    wire::encoder<Value>(out).put(value);
  }

  /// Takes it off the front of `bytes`.
  static bundle_outcome decode(std::span<const std::byte>& bytes) {
    bundle_outcome found;
    wire::reader reader(bytes);
    found.n_items = reader.take_value<std::uint64_t>();
    wire::decoder<Value> decoder(reader.take(reader.remaining()));
    found.value = decoder.get();
    bytes = bytes.last(decoder.remaining());
    return found;
  }
};

/// The two bundles that one was cut into, behind what has come of it so far.
struct bundle_halves {
  std::span<const std::byte> kept;   ///< by the rank that has cut it
  std::span<const std::byte> given;  ///< to another

  template <class Item>
  static void encode(bool again,
                     const std::vector<Item>& kept,
                     const std::vector<Item>& given,
                     wire::bytes& out) {
    const std::size_t size_at = out.size();
    wire::append_value(out, std::uint64_t{0});
    bundle<Item>::encode(again, kept, out);
    const std::uint64_t size = out.size() - size_at - sizeof(std::uint64_t);
    std::memcpy(out.data() + size_at, &size, sizeof size);
    bundle<Item>::encode(again, given, out);
  }

  static bundle_halves decode(std::span<const std::byte> bytes) {
    wire::reader reader(bytes);
    bundle_halves found;
    found.kept = reader.take(reader.take_value<std::uint64_t>());
    found.given = reader.take(reader.remaining());
    return found;
  }
};

}  // namespace rankwise::engine
