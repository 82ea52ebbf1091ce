#pragma once

#include "config/section.hpp"
#include "config/settings.hpp"

namespace config {

/// Every setting, each defined in one statement; what the loader, the printer and the reference are made from.
const section<settings>& schema();

}  // namespace config
