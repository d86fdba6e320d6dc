// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace rankwise::engine {

/// What a message between stages is about, in the 64 bits of its subject. The content begins with
/// the number of the run.
struct pipeline_subject {
  enum class kind : std::uint8_t {
    parcel,       ///< an item for `stage`; the content is its value
    failed_item,  ///< an item for `stage` for which another stage has failed
    begun,        ///< an item of `stage` that you sent has been begun; the content is how long the
                  ///< stage took for the one before, in ns
    failed,       ///< `stage` has failed for `item`; the content is a failure text
    over          ///< this run is over
  };

  static constexpr unsigned item_bits = 48;
  static constexpr std::uint64_t most_stages = std::uint64_t{1} << 12U;
  static constexpr std::uint64_t most_items = std::uint64_t{1} << item_bits;

  kind what = kind::parcel;
  std::uint32_t stage = 0;  ///< < most_stages
  std::uint64_t item = 0;   ///< < most_items

  constexpr std::uint64_t encode() const {
    return static_cast<std::uint64_t>(what) << 60U |
           static_cast<std::uint64_t>(stage) << item_bits | item;
  }

  static constexpr pipeline_subject decode(std::uint64_t bits) {
    return {static_cast<kind>(bits >> 60U),
            static_cast<std::uint32_t>(bits >> item_bits & (most_stages - 1)),
            bits & (most_items - 1)};
  }
};

}  // namespace rankwise::engine
