#pragma once

#include "peering/records/uuid.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/daemon.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

namespace support {

/// The balance of a daemon's account for payments, as operators see it.
inline std::uint64_t balance_of(const ilpd_daemon& d, const std::string& account) {
    const auto answer =
        admin_client{d.admin_port()}.ask("{ receivingAccountByName(name: \"" + account + "\") { liquidity } }");
    return std::stoull(text_at(answer.field(), "liquidity"));
}

struct payment_shown {
    std::string status;
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::string failure;

    bool has_ended() const { return status == "COMPLETED" || status == "FAILED" || status == "CANCELLED"; }
};

/// An account of a daemon, with money in it, that makes payments.
class paying_account {
public:
    paying_account(const ilpd_daemon& d, const std::string& name, std::uint64_t deposit) : d_{d}, name_{name} {
        const auto found = client().ask("{ receivingAccountByName(name: \"" + name + "\") { id } }");
        id_ = text_at(found.field(), "id");
        const auto done =
            client().mutate("depositReceivingAccountLiquidity", {{"receivingAccountId", id_},
                                                                 {"amount", std::to_string(deposit)},
                                                                 {"id", peering::new_uuid()},
                                                                 {"idempotencyKey", peering::new_uuid()}});
        INFO(done.text());
        REQUIRE(done.done());
    }

    std::uint64_t balance() const { return balance_of(d_, name_); }

    /// `kind`: sendAmount, or deliverAmount, for which the whole balance may be sent. Returns the id of the payment.
    std::string begin(const char* kind, std::uint64_t amount, const std::string& receiver) const {
        const std::string id = peering::new_uuid();
        boost::json::object input{
            {"id", id}, {"receivingAccountId", id_}, {"receiver", receiver}, {kind, std::to_string(amount)}};
        if (kind == std::string_view{"deliverAmount"}) input["sendMax"] = std::to_string(balance());
        const auto made = client().mutate("createPayment", std::move(input));
        INFO(made.text());
        REQUIRE(made.done());
        return id;
    }

    payment_shown payment(const std::string& id) const {
        const auto answer = client().ask("{ payment(id: \"" + id + "\") { status sent delivered failure } }");
        const auto& shown = answer.field();
        return {text_at(shown, "status"), std::stoull(text_at(shown, "sent")), std::stoull(text_at(shown, "delivered")),
                shown.at("failure").is_null() ? "" : text_at(shown, "failure")};
    }

    /// Waits as long as it gets on.
    payment_shown wait_for(const std::string& id) const {
        payment_shown shown = payment(id);
        for (;;) {
            const std::uint64_t before = shown.sent;
            const bool ended = eventually([&] {
                shown = payment(id);
                return shown.has_ended();
            });
            if (ended || shown.sent == before) return shown;
        }
    }

private:
    admin_client client() const { return admin_client{d_.admin_port()}; }

    const ilpd_daemon& d_;
    std::string name_;
    std::string id_;
};

}  // namespace support
