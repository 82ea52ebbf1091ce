#include "connector/transport/waiting_packets.hpp"

#include <algorithm>
#include <utility>

namespace connector {

bool waiting_packets::is_full_for(std::uint32_t sender, std::size_t max, ilp::steady_time now) {
    const bool is_shared = senders_.note(sender, now);
    if (size_ >= max || !is_shared) return size_ >= max;
    const auto of_sender = line_of(sender);
    return exceeds_fair_share(of_sender == lines_.end() ? 0 : of_sender->packets.size(), size_, max);
}

void waiting_packets::add(carried_packet& packet, ilp::bytes octets) {
    auto line = line_of(packet.sender);
    if (line == lines_.end()) line = lines_.insert(lines_.end(), {packet.sender, {}});
    ++size_;
    line->packets.push_back(make_entry(packet, std::move(octets)));
}

void waiting_packets::put_back(carried_packet& packet, ilp::bytes octets) {
    auto line = line_of(packet.sender);
    if (line == lines_.end()) line = lines_.insert(lines_.end(), {packet.sender, {}});
    lines_.splice(lines_.begin(), lines_, line);
    ++size_;
    line->packets.push_front(make_entry(packet, std::move(octets)));
}

waiting_packets::entry waiting_packets::take() {
    const auto line = lines_.begin();
    entry taken = std::move(line->packets.front());
    line->packets.pop_front();
    --size_;
    if (line->packets.empty()) {
        lines_.erase(line);
    } else {
        lines_.splice(lines_.end(), lines_, line);
    }
    return taken;
}

bool waiting_packets::remove(const carried_packet& packet) {
    const auto line = line_of(packet.sender);
    if (line == lines_.end()) return false;
    const auto found = std::ranges::find(line->packets, &packet, &entry::packet);
    if (found == line->packets.end()) return false;
    line->packets.erase(found);
    --size_;
    if (line->packets.empty()) lines_.erase(line);
    return true;
}

waiting_packets::entry waiting_packets::make_entry(carried_packet& packet, ilp::bytes octets) const {
    const std::size_t size = octets.capacity();
    return {&packet, std::move(octets), {*memory_, size}};
}

std::list<waiting_packets::line>::iterator waiting_packets::line_of(std::uint32_t sender) {
    return std::ranges::find(lines_, sender, &line::sender);
}

}  // namespace connector
