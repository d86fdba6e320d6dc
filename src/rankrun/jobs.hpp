// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace rankwise::launcher {

/// `rankrun jobs FILE [--json | --csv]`: prints what a journal holds. `words` is what follows
/// "jobs".
///
/// Reads the file, and changes nothing in it; a job may write to it meanwhile.
/// Returns: the status to end with.
/// Throws:  config_error for words that can't be used, and for a file that is no journal.
int show_journal(const std::vector<std::string>& words);

}  // namespace rankwise::launcher
