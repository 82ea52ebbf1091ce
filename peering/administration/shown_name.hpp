#pragma once

#include <string_view>

/// Names that strangers give themselves. They are shown to operators, who must not take one peer for another.
namespace peering {

/// True if the name has a letter or digit, all of its letters belong to one writing system, and it is not made only of
/// letters that look like Latin ones although they are not. Scripts that shown_name.cpp does not list are not shown.
/// `name` is valid UTF-8 without invisible characters (config::display_name()).
bool may_be_shown(std::string_view name);

/// True if people could take one name for the other: they differ only in case, in anything but letters and digits, or
/// in characters such as 0 and O. Invalid UTF-8 looks like nothing else.
bool look_alike(std::string_view a, std::string_view b);

}  // namespace peering
