#include "connector/base/descriptor_shares.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>

namespace connector {
namespace {

// Descriptors that the daemon needs for itself: standard streams, listeners, loops, the store.
constexpr std::uint64_t own_descriptors = 48;
constexpr std::uint64_t own_descriptors_per_worker = 8;
constexpr std::uint64_t kept_back_min = 64;
constexpr std::uint64_t kept_back_share = 8;  // an eighth of all

std::atomic<std::uint64_t> first_kept_from_peers = descriptor_shares::unlimited;
std::atomic<std::uint64_t> first_kept_from_operators = descriptor_shares::unlimited;

}  // namespace

descriptor_shares share_descriptors(std::uint64_t limit, unsigned workers, std::uint64_t links) noexcept {
    const std::uint64_t own = own_descriptors + workers * own_descriptors_per_worker;
    const std::uint64_t free = limit > own ? limit - own : 0;
    const std::uint64_t wanted = std::max(kept_back_min + limit / kept_back_share, links);
    const std::uint64_t kept_back = std::min(wanted, free / 2);
    return {.for_peers = limit - kept_back, .for_operators = limit - kept_back / 2, .connections = free - kept_back};
}

std::uint64_t raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return descriptor_shares::unlimited;
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

void apply(const descriptor_shares& shares) noexcept {
    first_kept_from_peers.store(shares.for_peers, std::memory_order_relaxed);
    first_kept_from_operators.store(shares.for_operators, std::memory_order_relaxed);
}

bool is_kept_back(int descriptor, client_kind from) noexcept {
    const auto& first_kept = from == client_kind::peer_or_stranger ? first_kept_from_peers : first_kept_from_operators;
    return static_cast<std::uint64_t>(descriptor) >= first_kept.load(std::memory_order_relaxed);
}

}  // namespace connector
