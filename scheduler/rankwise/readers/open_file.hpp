// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/split.hpp>

#include <memory>

namespace rankwise {

/// Opens what `packed_bytes` hold, unpacked.
///
/// Throws: config_error for a packing that is known, but not unpacked; and if the library for it
/// was not there when the program was built.
std::unique_ptr<byte_source> unpack(packing packed, std::unique_ptr<byte_source> packed_bytes);

/// Opens the file of a split, which this host has; unpacks it if it is packed.
///
/// Throws: config_error, naming the path, if it can't be opened.
std::unique_ptr<byte_source> open_file(const split& part);

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/readers/open_file_inline.hpp>
#endif
