#include "connector/ilpctl/diagnosis.hpp"

#include "connector/ilpctl/session.hpp"
#include "connector/ilpctl/table.hpp"

#include <fmt/format.h>

#include <utility>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

bool is_set(const json::object& object, std::string_view name) {
    return !object.at(name).is_null();
}

bool has_entries(const json::object& object, std::string_view name) {
    return !object.at(name).as_array().empty();
}

/// Collects what is found about one peer.
class examiner {
public:
    examiner(const peer_facts& facts, amount_form form)
        : facts_{facts},
          form_{form},
          unit_{unit_of(part(facts.peer, "asset"))},
          question_{part(facts.examination, "question")} {}

    std::vector<finding> examine() {
        examine_daemon();
        examine_state();
        examine_route();
        examine_way_out();
        examine_encryption();
        examine_configuration();
        examine_way_in();
        examine_liquidity();
        examine_hold_time();
        examine_split();
        return std::move(findings_);
    }

private:
    void add(verdict verdict, std::string subject, std::string text, std::string advice = {}) {
        findings_.push_back({verdict, std::move(subject), std::move(text), std::move(advice)});
    }

    std::string own_address() const { return field(facts_.node, "ilpAddress"); }

    /// True if anything came back, even a Reject.
    bool has_answered() const { return question_.at("reached").as_bool() || is_set(question_, "code"); }

    std::string amount(std::string_view name) const { return show_amount(field(facts_.peer, name), unit_, form_); }

    void examine_daemon() {
        if (facts_.node.at("ready").as_bool()) return add(verdict::good, "daemon", "it accepts packets");
        add(verdict::fault, "daemon",
            is_set(facts_.node, "storeError") ? "it accepts no packets: " + field(facts_.node, "storeError")
                                              : "it accepts no packets, because it is starting or stopping",
            "see its log and docs/operating/stores.md");
    }

    void examine_state() {
        if (facts_.peer.at("enabled").as_bool()) return add(verdict::good, "state", "the peer is enabled");
        add(verdict::fault, "state", "the peer is disabled, so no packet comes from it or goes to it",
            "`ilpctl peer enable` enables it; a peer that was removed from the file is listed there again");
    }

    void examine_route() {
        const auto address = field(facts_.peer, "staticIlpAddress");
        const auto* const route = facts_.route.if_object();
        if (route == nullptr) {
            return add(verdict::fault, "route", fmt::format("no route leads to {}", address),
                       "compare its first segment, such as g or test, with that of our own address");
        }
        const auto& next_hop = part(*route, "peer");
        if (next_hop.at("id") == facts_.peer.at("id")) {
            return add(verdict::good, "route", fmt::format("packets to {} go to it", address));
        }
        add(verdict::fault, "route",
            fmt::format("packets to {} go to another peer, {}", address, label_of_peer(next_hop)),
            "two peers have prefixes for this address: correct the routes or the address of one of them");
    }

    void examine_way_out() {
        const auto endpoint = field(part(part(facts_.peer, "http"), "outgoing"), "endpoint");
        if (has_answered()) {
            return add(verdict::good, "way to it",
                       fmt::format("{} answered in {:.1f} ms, and takes our token", endpoint,
                                   question_.at("milliseconds").to_number<double>()));
        }
        add(verdict::fault, "way to it", fmt::format("{}: {}", endpoint, field(question_, "message")),
            "its operator can tell which URL and token we are to use; docs/operating/incidents.md explains the errors");
    }

    void examine_encryption() {
        const auto endpoint = field(part(part(facts_.peer, "http"), "outgoing"), "endpoint");
        if (endpoint.starts_with("https://")) return add(verdict::good, "encryption", "packets to it are encrypted");
        if (!part(facts_.peer, "transport").at("allowPlainHttp").as_bool()) {
            return add(verdict::good, "encryption", "packets to it are not encrypted, and stay in a private network");
        }
        add(verdict::warning, "encryption", "packets to it, and our token, cross a public network unencrypted",
            "use an https:// endpoint, and set allow_plain_http to false: docs/operating/tls.md");
    }

    void examine_configuration() {
        if (!has_answered()) return;
        const auto* const told = facts_.examination.at("configuration").if_object();
        if (told == nullptr) {
            return add(verdict::unknown, "account there",
                       fmt::format("the peer does not say which address and asset we have there: {}",
                                   is_set(question_, "code")
                                       ? fmt::format("{} ({})", field(question_, "message"), field(question_, "code"))
                                       : "its answer is not one of ILDCP (RFC 31)"),
                       "compare them with its operator");
        }
        const auto there =
            asset_unit{.code = field(*told, "assetCode"), .scale = told->at("assetScale").to_number<std::uint8_t>()};
        if (there == unit_) {
            add(verdict::good, "asset", fmt::format("both sides keep the account in {}", to_string(unit_)));
        } else {
            add(verdict::fault, "asset",
                fmt::format("the peer keeps our account in {}, and we keep its account in {}", to_string(there),
                            to_string(unit_)),
                "amounts are misread until both sides use one asset: create the peer anew on one side");
        }
        const auto address = field(*told, "ilpAddress");
        if (address == own_address())
            return add(verdict::good, "our address", fmt::format("the peer knows us as {}", address));
        add(verdict::warning, "our address",
            fmt::format("the peer knows us as {}, but our address is {}", address, own_address()),
            "packets for us reach it only by the address that it knows: have it changed there, or route ours to us");
    }

    /// Finds out whether the peer's packets reach us, by its tokens and the echo.
    void examine_way_in() {
        const auto& incoming = part(part(facts_.peer, "http"), "incoming");
        if (!has_entries(incoming, "tokenFingerprints") && !has_entries(incoming, "jwtSecretFingerprints") &&
            !has_entries(part(facts_.peer, "transport"), "clientKeys")) {
            return add(verdict::fault, "way from it", "the peer has no token for us, so it cannot send packets to us",
                       "give it one: `ilpctl peer update PEER --incoming-token-file FILE`");
        }
        if (!has_answered()) {
            return add(verdict::unknown, "way from it", "not checked, because the peer does not answer",
                       fmt::format("its operator can check it with `ilpctl ping {}`", own_address()));
        }
        const auto& echo = part(facts_.examination, "echo");
        if (echo.at("reached").as_bool()) {
            return add(verdict::good, "way from it", "a packet that it sent for us has arrived here");
        }
        const auto reason = fmt::format("{}{}", field(echo, "message"),
                                        is_set(echo, "code") ? fmt::format(" ({})", field(echo, "code")) : "");
        if (is_temporary(echo)) {
            return add(verdict::fault, "way from it",
                       fmt::format("a packet that it sent to us was not answered: {}", reason),
                       "compare the endpoint and the token that it has for us, its liquidity there, and both clocks");
        }
        add(verdict::unknown, "way from it", fmt::format("the peer sends no echo: {}", reason),
            fmt::format("its operator can check it with `ilpctl ping {}`", own_address()));
    }

    /// A peer that cannot send echoes refuses the request for good; one that has tried answers T or R, or nothing.
    static bool is_temporary(const json::object& echo) {
        return !is_set(echo, "code") || !field(echo, "code").starts_with('F');
    }

    void examine_liquidity() {
        const auto digits = field(facts_.peer, "liquidity");
        const auto advice = "deposit what it has paid: `ilpctl liquidity deposit PEER AMOUNT`";
        if (digits == "0") return add(verdict::fault, "liquidity", "none: it cannot send us any amount", advice);
        if (is_set(facts_.peer, "liquidityThreshold") && is_at_most(digits, field(facts_.peer, "liquidityThreshold"))) {
            return add(verdict::warning, "liquidity",
                       fmt::format("{}, which is not above its threshold of {}", amount("liquidity"),
                                   amount("liquidityThreshold")),
                       advice);
        }
        if (is_set(facts_.peer, "maxPacketAmount") && !is_at_most(field(facts_.peer, "maxPacketAmount"), digits)) {
            return add(verdict::warning, "liquidity",
                       fmt::format("{}, which is less than one packet of its maximum, {}", amount("liquidity"),
                                   amount("maxPacketAmount")),
                       advice);
        }
        add(verdict::good, "liquidity", amount("liquidity"));
    }

    /// Both are digits without leading zeros.
    static bool is_at_most(std::string_view a, std::string_view b) {
        return a.size() != b.size() ? a.size() < b.size() : a <= b;
    }

    void examine_hold_time() {
        if (!is_set(facts_.peer, "maxHoldMilliseconds") || !has_answered()) return;
        const auto bound = facts_.peer.at("maxHoldMilliseconds").to_number<double>();
        const auto time = question_.at("milliseconds").to_number<double>();
        if (time * 2 <= bound) {
            return add(verdict::good, "hold time", fmt::format("packets to it expire after at most {:.0f} ms", bound));
        }
        add(verdict::warning, "hold time",
            fmt::format("packets to it expire after at most {:.0f} ms, and it took {:.1f} ms to answer", bound, time),
            "raise max_hold_time, or find out why it is slow");
    }

    void examine_split() {
        if (!is_set(facts_.peer, "split") || !has_answered()) return;
        if (is_set(facts_.peer, "splitAccepted")) {
            return add(verdict::good, "parts", "the peer accepts packets in parts");
        }
        add(verdict::warning, "parts", "the peer does not accept packets in parts, so larger ones get F08",
            "it needs `split` for us in its settings");
    }

    const peer_facts& facts_;
    const amount_form form_;
    const asset_unit unit_;
    const json::object& question_;
    std::vector<finding> findings_;
};

}  // namespace

std::string_view to_text(verdict verdict) noexcept {
    switch (verdict) {
        case verdict::good:
            return "good";
        case verdict::unknown:
            return "unknown";
        case verdict::warning:
            return "warning";
        case verdict::fault:
            break;
    }
    return "fault";
}

std::vector<finding> diagnose(const peer_facts& facts, amount_form form) {
    return examiner{facts, form}.examine();
}

}  // namespace connector::ilpctl
