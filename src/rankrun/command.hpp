// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/launcher.hpp>
#include <rankwise/program/option_variables.hpp>

#include "allocation.hpp"
#include "hostfile.hpp"
#include "mpi_flavor.hpp"
#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::launcher {

/// What a command depends on beside the command line and the hosts.
struct surroundings {
  std::string mpirun;  ///< path of the real one
  mpi_flavor flavor = mpi_flavor::open_mpi_4;
  std::map<std::string, std::string> environment;  ///< the caller's, without what is left out
  int cores = 1;                                   ///< of this machine
  std::optional<int> terminal_columns;             ///< of stderr, where it is a terminal
  bool is_root = false;
  /// By which the ranks' lines are known; empty: a rank that dies ends the job.
  std::string launcher_token = {};
  std::string_view launcher_input = {};    ///< what is said behind it of standard input
  bool resumes = false;                    ///< the program goes on from its journal
  std::vector<std::string> left_out = {};  ///< variables that the job does not inherit
};

/// What is going to be run.
struct command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> settings;  ///< added to the caller's environment
  std::vector<std::string> left_out = {};       ///< taken out of it before
};

/// Whether Open MPI is to bring this variable to all hosts: what sets options, and what rankrun
/// says to ranks. Nothing else: MPI encrypts nothing, and who looks at a process sees its
/// environment.
inline bool is_for_ranks(std::string_view variable) {
  return sets_an_option(variable) || variable == launcher_line::variable ||
         variable == "RANKWISE_TERMINAL";
}

/// The variables that a job does not inherit: those of the job in which this rankrun runs, if it
/// does, and a passphrase.
inline std::vector<std::string> variables_to_leave_out(
    const std::map<std::string, std::string>& environment) {
  // What rankrun itself tells the mpirun of a job arrives in its ranks like a setting of the user.
  static const std::set<std::string, std::less<>> told_to_mpirun{
      "OMPI_MCA_plm", "OMPI_MCA_ras", "OMPI_MCA_mpi_yield_when_idle"};
  const bool is_inside = environment.contains("OMPI_COMM_WORLD_RANK");
  std::vector<std::string> names;
  for (const auto& [name, value] : environment) {
    if (launch_environment::makes_a_rank(name) || name == launcher_line::variable ||
        name == "RANKWISE_TERMINAL" || name == "RANKWISE_PASSPHRASE" ||
        (is_inside && told_to_mpirun.contains(name)))
      names.push_back(name);
  }
  return names;
}

/// The command as a shell takes it: the settings in front.
inline std::string shell_line(const command& shown) {
  std::string line = shown.left_out.empty() ? "" : "env ";
  for (const std::string& name : shown.left_out) line += "-u " + name + " ";
  for (const auto& [name, value] : shown.settings) line += name + "=" + shell_quoted(value) + " ";
  for (const std::string& word : shown.argv) line += shell_quoted(word) + " ";
  line.pop_back();
  return line;
}

/// By which OpenMP learns how many threads it may have; others (BLAS, libgomp's users) heed it too.
inline constexpr const char* threads_variable = "OMP_NUM_THREADS";

/// Whether the real mpirun gets this option from the user.
inline bool is_passed_on(const options& asked, std::string_view option) {
  return std::any_of(asked.passed_on.begin(), asked.passed_on.end(), [&](const auto& word) {
    return word == std::string("-").append(option) || word == std::string("--").append(option);
  });
}

/// Whether the user says which cores ranks are bound to.
inline bool user_binds(const options& asked, const surroundings& around) {
  return is_passed_on(asked, "bind-to") || is_passed_on(asked, "bind-to-core") ||
         is_passed_on(asked, "bind-to-socket") || is_passed_on(asked, "cpu-set") ||
         around.environment.contains("OMPI_MCA_hwloc_base_binding_policy");
}

/// What is done for the threads of tasks, in a line. `hosts` are those whose slots stand for a rank
/// each.
///
/// Local: pure.
inline std::string threads_text(const options& asked,
                                const host_list& hosts,
                                const surroundings& around) {
  const int n_threads = asked.n_threads.value_or(1);
  const int n_ranks = hosts.total_slots();
  const bool binds = user_binds(asked, around);
  const std::string_view cores = binds                                ? "cores as you bind them"
                                 : around.flavor == mpi_flavor::mpich ? "cores as MPICH binds them"
                                                                      : "not bound to cores";
  return fmt::format("{} {} a rank: room for {} {}, {}={}, {}",
                     n_threads,
                     n_threads == 1 ? "thread" : "threads",
                     n_ranks,
                     n_ranks == 1 ? "rank" : "ranks",
                     threads_variable,
                     n_threads,
                     cores);
}

namespace detail {

class command_builder {
 public:
  command_builder(const options& asked, const host_list& hosts, const surroundings& around)
      : asked_(asked), hosts_(hosts), around_(around) {}

  command build() {
    check_root();
    result_.left_out = around_.left_out;
    n_ranks_ = asked_.n_ranks.value_or(hosts_.total_slots());
    check_slots();
    if (around_.terminal_columns) {
      result_.settings["RANKWISE_TERMINAL"] = std::to_string(*around_.terminal_columns);
    }
    if (asked_.n_threads) {
      result_.settings[threads_variable] = std::to_string(*asked_.n_threads);
      result_.settings["RANKWISE_THREADS"] = std::to_string(*asked_.n_threads);
    }
    if (around_.resumes) result_.settings["RANKWISE_RESUME"] = "1";
    if (!around_.launcher_token.empty())
      result_.settings[launcher_line::variable] =
          around_.launcher_token + std::string(around_.launcher_input);
    add(around_.mpirun);
    if (is_open_mpi()) {
      add_open_mpi_options();
    } else {
      add("-hosts", hosts_argument());
      add("-n", std::to_string(n_ranks_));
      if (asked_.tag_output) add("-prepend-rank");
      if (asked_.input && *asked_.input != "none") add("-stdin", *asked_.input);
    }
    for (const std::string& word : asked_.passed_on) add(word);
    for (const std::string& word : asked_.app) add(word);
    return std::move(result_);
  }

 private:
  bool is_open_mpi() const { return around_.flavor != mpi_flavor::mpich; }

  void add(std::string word) { result_.argv.push_back(std::move(word)); }

  template <class... Words>
  void add(std::string first, Words... rest) {
    add(std::move(first));
    add(std::move(rest)...);
  }

  bool is_allowed(const std::string& prefix) const {
    const auto is_one = [&](const std::string& name) {
      const auto setting = around_.environment.find(prefix + name);
      return setting != around_.environment.end() && setting->second == "1";
    };
    return is_one("_ALLOW_RUN_AS_ROOT") && is_one("_ALLOW_RUN_AS_ROOT_CONFIRM");
  }

  bool may_run_as_root() const {
    return asked_.allow_run_as_root || is_allowed("OMPI") ||
           (around_.flavor == mpi_flavor::open_mpi_5 && is_allowed("PRTE"));
  }

  void check_root() const {
    if (!is_open_mpi() || !around_.is_root || may_run_as_root()) return;
    throw config_error(
        "found the user root, whom Open MPI refuses unless told, accepted: another user, "
        "--allow-run-as-root, or OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in "
        "the environment");
  }

  void check_slots() const {
    const int slots = hosts_.total_slots();
    if (!asked_.oversubscribe && n_ranks_ > slots) {
      throw config_error(
          fmt::format("{}: found {} ranks (-n) for {} slots, accepted: -n up to {}, more slots, or "
                      "--oversubscribe to let ranks share cores",
                      hosts_.source,
                      n_ranks_,
                      slots,
                      slots));
    }
    long long limit = 0;
    for (const host& entry : hosts_.hosts) limit += entry.max_slots.value_or(largest_count);
    if (n_ranks_ > limit) {
      throw config_error(
          fmt::format("{}: found {} ranks (-n) for max_slots of {}, accepted: -n up to {}",
                      hosts_.source,
                      n_ranks_,
                      limit,
                      limit));
    }
  }

  bool all_local() const {
    return std::all_of(
        hosts_.hosts.begin(), hosts_.hosts.end(), [](const host& entry) { return entry.is_local; });
  }

  /// Open MPI and Hydra read the same list. A job on this machine alone goes by the name that needs
  /// neither ssh nor a resolver.
  std::string hosts_argument() const {
    if (all_local()) return fmt::format("localhost:{}", hosts_.total_slots());
    std::string list;
    for (const host& entry : hosts_.hosts) list += fmt::format(",{}:{}", entry.name, entry.slots);
    return list.substr(1);
  }

  /// Ranks fill the slots host by host.
  int local_ranks() const {
    int left = n_ranks_;
    int local = 0;
    for (const host& entry : hosts_.hosts) {
      const int here = std::min(entry.slots, left);
      left -= here;
      if (entry.is_local) local += here;
    }
    return local;
  }

  bool is_passed_on(std::string_view option) const {
    return rankwise::launcher::is_passed_on(asked_, option);
  }

  /// The user's own setting stands: Open MPI refuses a parameter that is given twice.
  void set_mca(const std::string& name, const std::string& value) {
    const auto& words = asked_.passed_on;
    if (around_.environment.contains("OMPI_MCA_" + name)) return;
    if (std::find(words.begin(), words.end(), name) != words.end()) return;
    add("--mca", name, value);
  }

  void export_variable(const std::string& name) {
    const auto& words = asked_.passed_on;
    const bool is_exported = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return word.substr(0, word.find('=')) == name;
    });
    if (!is_exported) add("-x", name);
  }

  void add_open_mpi_options() {
    const bool is_5 = around_.flavor == mpi_flavor::open_mpi_5;
    add("--host", hosts_argument());
    add("-n", std::to_string(n_ranks_));
    if (around_.is_root) add("--allow-run-as-root");
    if (asked_.input) add("--stdin", *asked_.input);
    // Else a rank that dies takes the others along. The root says how the job has ended then.
    if (!around_.launcher_token.empty() && !is_passed_on("enable-recovery"))
      add("--enable-recovery");

    // Bound to one core, a rank's helper thread would fight with the thread that computes, and so
    // would the threads of a task.
    if (!user_binds(asked_, around_)) add("--bind-to", "none");

    if (asked_.oversubscribe) {
      if (is_5) {
        add("--map-by", ":OVERSUBSCRIBE");
      } else {
        add("--oversubscribe");
      }
    }
    // Ranks that spin on a shared core keep each other from working.
    const long long local_threads =
        static_cast<long long>(local_ranks()) * asked_.n_threads.value_or(1);
    if (asked_.oversubscribe || local_threads > around_.cores) set_mca("mpi_yield_when_idle", "1");

    // The hosts are those that are named here, whatever Slurm has allocated, or its variables say.
    if (is_in_slurm(around_.environment)) set_mca("ras", "^slurm");

    // Version 4 looks for ssh even where it has nothing to start elsewhere, and fails without.
    if (!is_5 && all_local()) set_mca("plm", "isolated");

    if (asked_.tag_output) {
      if (is_5) {
        add("--output", "tag");
      } else {
        add("--tag-output");
      }
    }
    std::map<std::string, std::string> visible = around_.environment;
    visible.insert(result_.settings.begin(), result_.settings.end());
    for (const auto& [name, value] : visible) {
      if (is_for_ranks(name)) export_variable(name);
    }
    if (asked_.n_threads) export_variable(threads_variable);
  }

  const options& asked_;
  const host_list& hosts_;
  const surroundings& around_;
  int n_ranks_ = 0;
  command result_;
};

}  // namespace detail

/// The real command for what was asked.
///
/// Local: pure.
/// Throws:  config_error for more ranks than slots without --oversubscribe, and for root where
///          Open MPI was not told that root may run.
inline command make_command(const options& asked,
                            const host_list& hosts,
                            const surroundings& around) {
  return detail::command_builder(asked, hosts, around).build();
}

}  // namespace rankwise::launcher
