#pragma once

#include "ilp/amount.hpp"
#include "peering/records/account.hpp"
#include "peering/records/wide_amount.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace peering {

/// One movement of a transfer: `debit` pays, `credit` receives; both are accounts of the same asset.
struct leg {
    liquidity_account* debit = nullptr;
    liquidity_account* credit = nullptr;
    ilp::amount amount;
};

/// The legs of one packet's transfer: one within an asset (two with a spread), two across assets. A leg with an amount
/// of zero is left out.
class packet_transfer {
public:
    static constexpr std::size_t legs_max = 2;

    void add(liquidity_account& debit, liquidity_account& credit, ilp::amount amount) noexcept {
        if (!amount.is_zero()) legs_[size_++] = {&debit, &credit, amount};
    }
    std::span<const leg> legs() const noexcept { return {legs_.data(), size_}; }
    bool empty() const noexcept { return size_ == 0; }

private:
    std::array<leg, legs_max> legs_{};
    std::size_t size_ = 0;
};

/// The total that one commit moves between a pair of accounts: the sum of `packets` legs.
struct posting {
    liquidity_account* debit = nullptr;
    liquidity_account* credit = nullptr;
    wide_amount amount = 0;
    std::uint64_t packets = 0;
};

}  // namespace peering
