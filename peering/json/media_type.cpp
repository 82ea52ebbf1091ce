#include "peering/json/media_type.hpp"

#include <algorithm>
#include <string>

namespace peering {
namespace {

std::string_view without_blanks(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    const auto end = text.find_last_not_of(" \t") + 1;
    return text.substr(begin, end - std::min(begin, end));
}

}  // namespace

bool is_json_type(std::string_view content_type) {
    auto written = std::string{content_type};
    for (char& c : written)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    // The parameters of JSON media types contain no quoted separators.
    auto rest = std::string_view{written};
    auto end = std::min(rest.find(';'), rest.size());
    if (without_blanks(rest.substr(0, end)) != "application/json") return false;
    while (end < rest.size()) {
        rest.remove_prefix(end + 1);
        end = std::min(rest.find(';'), rest.size());
        const auto parameter = without_blanks(rest.substr(0, end));
        if (parameter.starts_with("charset=") && parameter != "charset=utf-8" && parameter != "charset=\"utf-8\"")
            return false;
    }
    return true;
}

}  // namespace peering
