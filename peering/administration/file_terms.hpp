#pragma once

#include "config/settings.hpp"
#include "peering/administration/administration.hpp"
#include "peering/directory/directory.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace peering {

/// Brings the directory in line with the configuration file, at start and at each reload. Adds to the transaction what
/// is new, with its initial deposit, what has changed, and what has been removed from the file. The error message says
/// what the operator has to correct; the transaction must not be committed then.
///
/// A peer is matched by its name, or else by its address and asset. A peer of the API with the same address and asset
/// becomes the file's. A peer that is removed from the file is dropped, but its account is kept and is used again if
/// the peer comes back. An asset that is removed from the file belongs to the API from then on.
///
/// Call it on the committer's thread, or before that thread runs.
std::optional<std::string> apply_file(const config::settings& settings, const directory& directory,
                                      transaction& transaction);

/// Has the administration write what apply_file() finds, all or nothing. `done` is called, on any thread, once every
/// packet thread uses the new terms; it is not called after an error. Returns lines for the log: the changes in the
/// file that are not applied, and why.
std::expected<std::vector<std::string>, std::string> take_file(const config::settings& settings,
                                                               administration& administration, bookkeeper& keeper,
                                                               ilp::timestamp now, std::function<void()> done);

}  // namespace peering
