#include "peering/store.hpp"

#include "peering/store_memory.hpp"
#include "peering/store_sqlite.hpp"

#include <string_view>

namespace peering {

std::expected<std::unique_ptr<store>, store_error> open_store(const std::string& url) {
    constexpr std::string_view sqlite = "sqlite:";
    if (url == "memory:") return std::make_unique<memory_store>();
    if (url.starts_with(sqlite) && url.size() > sqlite.size()) return open_sqlite_store(url.substr(sqlite.size()));
    // The URL itself is not shown: one of another kind may hold a password.
    return std::unexpected{store_error{"store.url: expected sqlite:PATH or memory:"}};
}

}  // namespace peering
