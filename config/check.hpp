#pragma once

#include "config/section.hpp"

namespace config {

/// Reports what each value alone cannot show: names, addresses, prefixes, tokens that occur twice, references to what
/// is not there, settings that contradict each other. Takes time in proportion to the file. Values that were refused
/// before are left out.
void check(const settings& settings, const node& root, reader& in);

}  // namespace config
