#pragma once

#include "ilp/payment/path_maximum.hpp"
#include "ilp/payment/round_trip_times.hpp"

namespace ilp {

/// What is known about a path. A payment begins with it and returns it improved, so that its owner can keep it for the
/// next payment by the same peer to the same prefix. All defaults: nothing is known.
struct known_path {
    path_maximum maximum{};
    round_trip_times times{};
};

}  // namespace ilp
