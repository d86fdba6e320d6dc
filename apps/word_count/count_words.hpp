// SPDX-License-Identifier: MIT
#pragma once

namespace rankwise {
class pool;
}

namespace word_count {

struct settings;

/// Counts the words of the files, and writes the counts where the settings say.
void count_words(rankwise::pool& pool, const settings& asked);

}  // namespace word_count
