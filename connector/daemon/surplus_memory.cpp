#include "connector/daemon/surplus_memory.hpp"

#include "connector/metrics/process_figures.hpp"

#include <malloc.h>

namespace connector {
namespace {

std::size_t allocated_bytes() {
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

}  // namespace

void give_back(surplus_memory& surplus) {
    const auto before = resident_bytes();
    if (!before || !surplus.is_large(*before, allocated_bytes())) return;
    ::malloc_trim(0);
    if (const auto after = resident_bytes()) surplus.given_back(*after, allocated_bytes());
}

}  // namespace connector
