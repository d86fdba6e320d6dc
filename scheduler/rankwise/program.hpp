// SPDX-License-Identifier: MIT
#pragma once

// What a program on the library needs for options of its own.

#include <rankwise/program/option_values.hpp>  // IWYU pragma: export
