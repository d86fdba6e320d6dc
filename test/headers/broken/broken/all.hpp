// SPDX-License-Identifier: MIT
// What no_include.hpp lacks is included before it.
#pragma once

#include <broken/complete.hpp>
#include <broken/no_include.hpp>
