// SPDX-License-Identifier: MIT
#pragma once

// How programs on the library read and write what people see: numbers, JSON, counts with units.

#include <rankwise/text/json.hpp>          // IWYU pragma: export
#include <rankwise/text/parse_number.hpp>  // IWYU pragma: export
#include <rankwise/text/units.hpp>         // IWYU pragma: export
