// SPDX-License-Identifier: MIT
#pragma once

#include "hostfile.hpp"
#include "options.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace rankwise::launcher {

/// What rankrun asks this machine. None of these functions changes anything.

/// The cores that this process may use.
int count_cores();

/// Of the terminal that stderr is; none where it is no terminal.
std::optional<int> terminal_columns();

/// What standard input is.
enum class input_state { open, empty, closed };

/// What standard input is: /dev/null is empty.
input_state standard_input();

/// The caller's environment.
std::map<std::string, std::string> read_environment();

/// The whole file.
/// Throws:  config_error where it can't be read.
std::string read_hostfile(const std::string& path);

/// The real mpirun: the one asked for, or the first on the PATH that is not rankwise's shim.
/// Throws:  config_error where there is none.
std::string find_mpirun(const std::optional<std::string>& asked);

/// What `mpirun --version` prints.
std::string mpirun_version(const std::string& mpirun);

/// Marks the hosts that are this machine, and checks that the names of the others lead somewhere
/// (the resolver knows them, or ssh's configuration does).
/// Throws:  config_error naming the host file's line for a name that leads nowhere.
void look_up_hosts(host_list& hosts);

/// The names of the hosts that can still be reached: this machine, and those that answer ssh (or
/// what RANKWISE_SSH names) within some seconds.
std::set<std::string> answering_hosts(const host_list& hosts);

/// Whether the program's file says that it lets rankrun know how it goes (see `launcher_line`); no
/// where it is not on this machine.
bool tells_launcher(const std::string& program);

/// A word that no program prints by chance.
std::string new_token();

/// Checks that the program can be run, where ranks run on this machine and look for it as usual.
/// Throws:  config_error where it is missing or no program.
void check_app(const options& asked, const host_list& hosts);

}  // namespace rankwise::launcher
