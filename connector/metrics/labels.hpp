#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

/// The labels of the metrics and what their values mean.
namespace connector::metrics {

enum class label : std::uint8_t {
    direction,
    peer,
    type,
    code,
    reason,
    asset,
    base,
    result,
    version,
    waits_for,
    listener,
    kind,
    account,
    outcome,
    holder
};

struct label_definition {
    label id;
    const char* name;
    const char* values;
};

// All labels. Their values come from closed sets: configured peers and assets, packet types, the error codes of RFC 27,
// this node's reject reasons, and the daemons that share a database.
inline constexpr std::array label_definitions{
    label_definition{
        label::direction, "direction",
        "Seen from this node: `incoming` is what the peer sent, `outgoing` what this node sent to it. A Prepare "
        "that a peer sends is incoming; the answer to it is an outgoing fulfill or reject."},
    label_definition{
        label::peer, "peer",
        "The peer's name. A peer created through the Admin API appears under its id there when it has no name, "
        "when its name has characters other than letters, digits, `.`, `_` and `-`, or when another peer has "
        "that name. So two peers never share a label; renaming a peer begins new series."},
    label_definition{label::type, "type", "`prepare`, `fulfill` or `reject`."},
    label_definition{label::code, "code",
                     "The error code of a Reject; `other` when it is not one of RFC 27. Empty for other packets."},
    label_definition{
        label::reason, "reason",
        "Why this node refused the packet: an identifier from [reject-reasons.md](reject-reasons.md). For "
        "connections: `no_token`, the oldest one without a valid token gave way to a new one; `idle` and "
        "`busy`, one of the peer that had most gave way to one of a peer that had fewer, at once or with its "
        "next answer; `too_many`, a new one was answered with 503, because its peer had as many as others; "
        "`no_place`, a new one was closed unheard."},
    label_definition{label::asset, "asset", "Code and scale, as in `USD/9`."},
    label_definition{label::base, "base", "The code of the currency that the rates were fetched for."},
    label_definition{label::result, "result", "`delivered` or `failed`."},
    label_definition{label::version, "version", "The version of ilpd."},
    label_definition{label::waits_for, "waits_for",
                     "`connection`: the Prepare waits to be sent to the next hop. `store`: the packet is fulfilled and "
                     "waits until its transfer is durable."},
    label_definition{label::listener, "listener",
                     "The section of the settings that names the certificate: `connector`, `admin`, `auto_peering`, "
                     "`metrics` or `spsp`; `connector.client` for the one that is shown to peers."},
    label_definition{label::kind, "kind",
                     "What came too often or was too long: `resets_received`, streams that the other side opened and "
                     "gave up; `resets_sent`, streams that its frames made this node reset; `empty_data`; `pings`; "
                     "`settings`; `window_updates`; `ignored_frames`, frames without a meaning for this node; "
                     "`header_blocks`, heads of messages."},
    label_definition{label::account, "account", "The name of a receiving account."},
    label_definition{
        label::outcome, "outcome",
        "`answered`: the sender got an address and a secret; `unknown_receiver`: 404; `too_many`: 429; "
        "`refused`: another status, because it was not a query of SPSP; `too_many_handshakes`: the "
        "connection was closed before TLS. For packets in parts: `sent_fulfilled`; `sent_recovered`, fulfilled as "
        "the peer said when it was asked, because its answers had been lost; `sent_rejected`; "
        "`received_fulfilled`; `received_rejected`; `received_incomplete`, refused while parts were "
        "missing."},
    label_definition{label::holder, "holder",
                     "The machine and the process, such as `on node-a, process 4711`; it changes with each restart."},
};

constexpr const label_definition& definition_of(label id) {
    return label_definitions[static_cast<std::size_t>(id)];
}

/// Whether the entries of a table are in the order of the enumeration that names them.
constexpr bool definitions_match_their_enum(const auto& table) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (static_cast<std::size_t>(table[i].id) != i) return false;
    }
    return true;
}
static_assert(definitions_match_their_enum(label_definitions));

/// The labels of one metric in output order.
class label_list {
public:
    constexpr label_list(std::initializer_list<label> labels) : size_{labels.size()} {
        std::ranges::copy(labels, labels_.begin());
    }
    constexpr const label* begin() const { return labels_.data(); }
    constexpr const label* end() const { return labels_.data() + size_; }
    constexpr std::size_t size() const { return size_; }

private:
    std::array<label, 4> labels_{};
    std::size_t size_;
};

}  // namespace connector::metrics
