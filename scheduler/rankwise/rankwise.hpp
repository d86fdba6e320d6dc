// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/options.hpp>
#include <rankwise/outcome.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/random.hpp>
#include <rankwise/run.hpp>
#include <rankwise/task.hpp>
#include <rankwise/version.hpp>
