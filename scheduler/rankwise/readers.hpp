// SPDX-License-Identifier: MIT
#pragma once

// What a mapper reads its records with. Link rankwise::readers, which finds the libraries that
// unpack gzip, zstd, bzip2 and xz, and Highway, without which words are found at half the speed.
#include <rankwise/readers/for_each_block.hpp>
#include <rankwise/readers/for_each_letters.hpp>
#include <rankwise/readers/for_each_line.hpp>
#include <rankwise/readers/for_each_row.hpp>
#include <rankwise/readers/for_each_word.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/open_file.hpp>
#include <rankwise/readers/split.hpp>
