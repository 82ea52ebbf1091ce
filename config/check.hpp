#pragma once

#include "config/section.hpp"

namespace config {

/// Reports problems that involve more than one value: duplicate names, addresses, prefixes and tokens, references to
/// things that are not defined, and settings that contradict each other. Takes time proportional to the size of the
/// file. Skips values that were already rejected.
void check(const settings& settings, const node& root, reader& in);

}  // namespace config
