// SPDX-License-Identifier: MIT
// What map_reduce only declares where it is compiled for rankwise::compiled.
#include <rankwise/files/open_split_inline.hpp>
#include <rankwise/files/spill_file_inline.hpp>
#include <rankwise/map_reduce/combine/part_file_inline.hpp>
#include <rankwise/map_reduce/input_files_inline.hpp>
#include <rankwise/map_reduce/map_reduce_run_inline.hpp>
#include <rankwise/map_reduce/options_inline.hpp>
#include <rankwise/map_reduce/output_options_inline.hpp>
