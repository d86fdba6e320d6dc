// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mobilenet {

/// What travels from stage to stage: a picture in its file's format, then its pixels, then what the
/// model has made of it. One of the three holds something.
struct frame {
  std::vector<std::uint8_t> bytes;  ///< of a file; or pixels: rows from the top, red, green, blue
  std::vector<float> values;        ///< the live tensors at a cut, one after the other
  std::string name;                 ///< of the file, until its pixels have been read
  std::string error;                ///< why there is neither; the stages let it pass
};

}  // namespace mobilenet
