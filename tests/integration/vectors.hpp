#pragma once

#include <boost/json.hpp>

#include <string>

namespace integration {

/// Loads a file of tests/vectors by its path below that folder.
boost::json::value load_vectors(const std::string& name);

}  // namespace integration
