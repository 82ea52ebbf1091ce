#pragma once

#include <string>

namespace peering {

/// A random UUID (version 4) from the operating system's secure source, as 36 characters.
std::string new_uuid();

}  // namespace peering
