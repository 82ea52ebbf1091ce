#include "connector/console/console.hpp"

#include <algorithm>

namespace connector::console {

const file* find(std::string_view path) noexcept {
    if (path == "/") path = "/index.html";
    const auto all = files();
    const auto found = std::ranges::find(all, path, &file::path);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace connector::console
