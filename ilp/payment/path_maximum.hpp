#pragma once

#include "ilp/amount.hpp"

#include <optional>

namespace ilp {

/// The data of an F08 (RFC 27): the amount that arrived at the connector that refused it, and the largest that it
/// takes, both in the units of its incoming account.
struct amount_too_large {
    amount received;
    amount maximum;
};

/// What is known about the largest packet that a path takes, in the sender's units. It begins with what the settings of
/// the outgoing peer say, and learns from answers. An F08 with data gives the largest amount at once and exactly; one
/// without data halves the amount, and what passes afterwards brings it half-way back to what was refused, until a
/// sixteenth is between them.
///
/// A plain value: whoever pays along the same peer and prefix again can keep it and begin with it.
class path_maximum {
public:
    path_maximum() = default;
    explicit path_maximum(amount known) : refused_above_{known} {}

    /// The largest amount to try. Zero if the path takes nothing.
    amount value() const noexcept;

    /// A packet of this amount has reached the receiver.
    void passed(amount sent) noexcept;
    /// A packet of this amount, which is not zero, was answered with F08. Data that contradicts itself counts as none.
    void refused(amount sent, const std::optional<amount_too_large>& data) noexcept;

    // The same for a packet that was larger than value(), to find out whether the path takes more than before.

    void trial_passed(amount sent) noexcept;
    void trial_refused(amount sent, const std::optional<amount_too_large>& data) noexcept;

    friend bool operator==(const path_maximum&, const path_maximum&) = default;

private:
    amount refused_above_ = amount::max();  // every amount above it was refused, or is known to be
    amount passed_;                         // the largest that has passed
    bool is_exact_ = true;                  // refused_above_ itself passes; else whether it does is not known
};

}  // namespace ilp
