#pragma once

#include "config/settings.hpp"
#include "peering/administration.hpp"
#include "peering/directory.hpp"

#include <optional>
#include <string>

namespace peering {

/// Brings the directory in line with the file, at start and at each reload: adds to the transaction what is new, with
/// its first deposit, what has other terms, and what has left the file. The error names what the operator has to mend;
/// then nothing is to be committed.
///
/// A peer is known by its name, else by its address and asset. One of the API with that address and asset becomes the
/// file's. A peer that leaves the file is dropped, and keeps its account: it finds it again when it comes back. An
/// asset that leaves it is the API's from then on.
///
/// On the committer's thread, or before it runs.
std::optional<std::string> apply_file(const config::settings& settings, const directory& directory,
                                      transaction& transaction);

}  // namespace peering
