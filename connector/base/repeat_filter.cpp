#include "connector/base/repeat_filter.hpp"

namespace connector::log {

bool repeat_filter::pass(std::string_view kind, std::string_view source, std::size_t sources_max, time now) {
    sources& known = kinds_[kind];
    auto found = known.find(std::string{source.substr(0, source_size_max)});
    if (found == known.end()) {
        const bool has_room = known.size() < sources_max;
        found = known.try_emplace(std::string{has_room ? source.substr(0, source_size_max) : other_sources}).first;
    }
    entry& entry = found->second;
    if (now < entry.until) {
        ++entry.left_out;
        return false;
    }
    // Lines of an earlier time that were left out stay counted until take_ended() returns them.
    if (entry.left_out == 0) {
        entry.until = now + quiet_time;
        return true;
    }
    ++entry.left_out;
    return false;
}

std::vector<repeat_filter::left_out> repeat_filter::take_ended(time now) {
    std::vector<left_out> ended;
    for (auto& [kind, known] : kinds_) {
        for (auto at = known.begin(); at != known.end();) {
            if (now < at->second.until) {
                ++at;
                continue;
            }
            if (at->second.left_out != 0) ended.push_back({kind, at->first, at->second.left_out});
            at = known.erase(at);
        }
    }
    return ended;
}

}  // namespace connector::log
