#pragma once

#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"
#include "ilp/invariant.hpp"
#include "ilp/packet.hpp"
#include "peering/splitting/split_header.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace connector {

/// Makes the parts of a Prepare, one after the other.
class part_writer {
public:
    /// Precondition: `prepare` is canonical.
    part_writer(ilp::bytes_view prepare, const parting& how)
        : how_{how}, octets_{prepare.begin(), prepare.end()}, part_{parse(octets_)} {}
    part_writer(const part_writer&) = delete;
    part_writer& operator=(const part_writer&) = delete;

    std::uint32_t parts() const noexcept { return how_.plan.parts(); }

    /// `part` is counted from 0. What prepare() and label() return is valid until the next call.
    void write(std::uint32_t part) {
        part_.set_amount(how_.plan.amount_of(part));
        label_.clear();
        append(label_, peering::part_label{how_.id, part, how_.plan.parts(), how_.plan.total()});
    }

    ilp::bytes_view prepare() const noexcept { return part_.bytes(); }
    /// The value of `ILP-Split`.
    std::string_view label() const noexcept { return label_; }

private:
    static ilp::prepare_view parse(ilp::bytes& octets) {
        const auto parsed = ilp::prepare_view::parse(octets);
        ilp::require(parsed.has_value(), "what is sent in parts is a Prepare");
        return *parsed;
    }

    parting how_;
    ilp::bytes octets_;
    ilp::prepare_view part_;
    std::string label_;
};

}  // namespace connector
