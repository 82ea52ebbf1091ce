#include "peering/records/uuid.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <algorithm>

namespace peering {

std::string new_uuid() {
    static thread_local boost::uuids::random_generator_pure generate;
    return boost::uuids::to_string(generate());
}

bool is_uuid_v4(std::string_view text) noexcept {
    constexpr std::string_view form = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
    const auto fits = [](char found, char wanted) {
        if (wanted == 'x') return std::string_view{"0123456789abcdefABCDEF"}.contains(found);
        if (wanted == 'v') return std::string_view{"89abAB"}.contains(found);
        return found == wanted;
    };
    return std::ranges::equal(text, form, fits);
}

}  // namespace peering
