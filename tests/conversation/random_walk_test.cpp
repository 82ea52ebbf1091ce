#include "ilp/echo.hpp"
#include "tests/conversation/world.hpp"
#include "tests/support/stream_sender.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <vector>

namespace random_walk_test {

using namespace conversation;
using connector::reply_kind;

namespace {

__extension__ typedef __int128 wide;

/// The book as it should be, computed in the simplest way from the legs that the router held.
class expected_book {
public:
    explicit expected_book(const peering::ledger& ledger) {
        for (const support::account_balance& account : support::snapshot_of(ledger))
            accounts_[account.id].balance = balance(account);
    }

    void hold(const peering::packet_transfer& held) {
        for (const peering::leg& leg : held.legs()) {
            accounts_.at(leg.debit->id).debits_pending += leg.amount.value;
            accounts_.at(leg.credit->id).credits_pending += leg.amount.value;
        }
    }
    void end(const peering::packet_transfer& held, bool posted) {
        for (const peering::leg& leg : held.legs()) {
            account& debit = accounts_.at(leg.debit->id);
            account& credit = accounts_.at(leg.credit->id);
            debit.debits_pending -= leg.amount.value;
            credit.credits_pending -= leg.amount.value;
            if (!posted) continue;
            debit.balance -= leg.amount.value;
            credit.balance += leg.amount.value;
        }
    }

    bool agrees(const peering::ledger& ledger) const {
        std::map<std::uint32_t, wide> sums;
        for (const support::account_balance& account : support::snapshot_of(ledger)) {
            const auto& expected = accounts_.at(account.id);
            if (balance(account) != expected.balance || account.debits_pending != expected.debits_pending ||
                account.credits_pending != expected.credits_pending) {
                return false;
            }
            if (account.kind != peering::account_kind::settlement && expected.balance < 0) return false;
            sums[account.asset] += expected.balance;
        }
        return std::ranges::all_of(sums, [](const auto& sum) { return sum.second == 0; });
    }

private:
    struct account {
        wide balance = 0;
        std::uint64_t debits_pending = 0;
        std::uint64_t credits_pending = 0;
    };
    static wide balance(const support::account_balance& account) {
        return static_cast<wide>(account.posted.credits_posted) - static_cast<wide>(account.posted.debits_posted);
    }
    std::map<peering::account_id, account> accounts_;
};

config::settings walk_settings() {
    auto settings = usual_settings();
    settings.peers[0].max_packet_amount = ilp::amount{50'000};
    settings.peers[0].packet_rate = 10;
    settings.peers[1].incoming_throughput = ilp::amount{400'000};
    settings.peers[1].routes = {""};
    settings.peers[2].outgoing_throughput = ilp::amount{200'000};
    settings.peers[2].return_to_source = true;
    settings.peers[2].spread = std::uint16_t{25};
    settings.peers[2].liquidity = {1'000'000'000};
    settings.peers[3].liquidity = {20};
    settings.peers[3].max_packet_amount = ilp::amount{5};
    settings.assets[1].liquidity = {30};
    for (const auto& [name, code] : {std::pair{"alice", "USD"}, std::pair{"bob", "EUR"}}) {
        config::account_settings account;
        account.name = name;
        account.asset = {code, 9};
        settings.accounts.push_back(account);
    }
    return settings;
}

class walk {
public:
    walk(std::uint64_t seed, bool with_posting) : random_{seed}, with_posting_{with_posting}, expected_{d_.ledger} {
        d_.rates.set("USD", "EUR", {.rate = ilp::parse_rate("0.813399").value(), .spread = 50});
    }

    void run(int packets) {
        for (int i = 0; i < packets; ++i) {
            d_.pass(std::chrono::milliseconds{below(20)});
            d_.load = {};
            if (below(50) == 0) d_.load.draining = true;
            send();
            while (in_flight_.size() > below(200)) end_one();
            if (i % 64 == 0) REQUIRE(expected_.agrees(d_.ledger));
        }
        while (!in_flight_.empty()) end_one();
        REQUIRE(expected_.agrees(d_.ledger));
        REQUIRE(d_.at_rest());
    }

    world& d() { return d_; }
    std::map<std::string, int> outcomes;  ///< how often each occurred

private:
    struct flight {  ///< the state kept for a packet that was sent
        peering::packet_transfer transfer;
        ilp::condition condition;
    };

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    template <typename List>
    const auto& any_of(const List& list) {
        return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list))));
    }

    ilp::bytes random_data(std::size_t size_max) {
        ilp::bytes data(below(size_max));
        std::ranges::generate(data, [this] { return static_cast<ilp::octet>(random_()); });
        return data;
    }

    ilp::bytes random_packet() {
        static constexpr const char* destinations[] = {
            "test.p1.x", "test.p2",     "test.p3.a.b", "test.cents.x", "test.euro", "test.d", "test.d.x",
            "test.far",  "peer.config", "peer.x",      "g.x",          "private.x", "self.x"};
        prepare sent{.amount = random_() >> (44 + below(20)), .destination = any_of(destinations)};
        if (sent.destination == "test.cents.x" && below(2) == 0) sent.amount = 10'000'000 * below(10);
        if (below(8) == 0) sent.amount = 0;
        sent.data = random_data(300);
        sent.expires_in = std::chrono::milliseconds{below(10) == 0 ? below(3000) : 2000 + below(40'000)};
        if (below(50) == 0) sent.expires_in *= -1;
        if (sent.destination == "test.d") {
            if (below(2) == 0) {
                sent.condition = ilp::echo::one_way_condition;
            } else {
                sent.data.clear();
                ilp::echo::serialize_request(sent.data, any_of(destinations));
            }
        }
        if (below(8) == 0) make_payment(sent);
        if (sent.destination == "peer.config") sent.condition = ilp::peer_protocol_condition;

        ilp::bytes octets = d_.encode(sent);
        if (below(4) != 0) return octets;
        switch (below(4)) {  // mutated
            case 0:
                octets.resize(below(octets.size() + 1));
                break;
            case 1:
                octets.insert(octets.end(), {1, 2, 3});
                break;
            default:
                for (auto changes = 1 + below(3); changes != 0; --changes) {
                    octets[below(octets.size())] = static_cast<ilp::octet>(random_());
                }
        }
        return octets;
    }

    /// Makes it a packet of a payment to one of the accounts, which may want more than arrives, or be a probe.
    void make_payment(prepare& sent) {
        const auto [destination, shared_secret] = addresses_.make(any_of(receivers_)->id, d_.now.wall);
        support::stream_sender sender{destination, shared_secret};
        auto request = sender.next(below(sent.amount + 2));
        sent.destination = destination;
        sent.data = std::move(request.data);
        if (below(4) != 0) sent.condition = request.condition;
    }

    void send() {
        static constexpr const char* senders[] = {"p1", "p2", "p3", "cents", "euro"};
        decision decided = d_.send(any_of(senders), random_packet());
        ++outcomes[decided.outcome()];
        expected_.hold(decided.context.transfer);
        switch (decided.what) {
            case step::bad_request:
                REQUIRE(decided.context.transfer.empty());
                break;
            case step::reject:
                REQUIRE(decided.context.transfer.empty());
                d_.reject_of(decided);
                break;
            case step::fulfill:
                end(decided.context.transfer, true);
                break;
            case step::go_on: {
                check_forwarded(decided);
                in_flight_.push_back({decided.context.transfer, {}});
                std::ranges::copy(decided.context.prepare->condition(), in_flight_.back().condition.begin());
                break;
            }
        }
    }

    /// A forwarded packet is canonical, expires in time, and is covered by the held amount.
    void check_forwarded(const decision& decided) {
        ilp::bytes again{decided.forwarded().begin(), decided.forwarded().end()};
        const auto read = ilp::prepare_view::parse(again);
        REQUIRE(read);
        REQUIRE(std::ranges::equal(read->bytes(), decided.forwarded()));
        REQUIRE(read->amount() == decided.context.outgoing_amount);
        REQUIRE(read->expires_at() == decided.context.outgoing_expires_at);
        REQUIRE(read->expires_at() >= d_.now.wall + 1s);
        REQUIRE(read->expires_at() <= d_.now.wall + 30s);
        REQUIRE(decided.context.transfer.empty() == decided.context.incoming_amount.is_zero());
    }

    void end_one() {
        std::swap(in_flight_[below(in_flight_.size())], in_flight_.back());
        const flight packet = in_flight_.back();
        in_flight_.pop_back();
        ilp::bytes answer = random_answer();
        const auto reply = d_.router.check_reply(packet.condition, answer);
        REQUIRE((reply.kind != reply_kind::fulfill || packet.condition == condition_of(preimage)));
        ++outcomes[reply.kind == reply_kind::fulfill  ? "fulfilled"
                   : reply.kind == reply_kind::reject ? "rejected"
                                                      : std::string{connector::describe(reply.reason).message}];
        end(packet.transfer, reply.kind == reply_kind::fulfill);
    }

    ilp::bytes random_answer() {
        switch (below(6)) {
            case 0:
                return reject_with("F99", "test.far", "no", random_data(50));
            case 1:
                return fulfill_with({'w', 'r', 'o', 'n', 'g'});
            case 2:
                return random_data(100);
            default:
                return fulfill_with(preimage, random_data(50));
        }
    }

    void end(const peering::packet_transfer& held, bool fulfilled) {
        const bool posted = fulfilled && with_posting_;
        if (posted) {
            d_.post(held);
        } else {
            d_.release(held);
        }
        expected_.end(held, posted);
    }

    std::mt19937_64 random_;
    bool with_posting_;
    world d_{walk_settings()};
    std::vector<std::shared_ptr<const peering::receiving_account>> receivers_ =
        d_.known->directory->receiving_accounts();
    connector::payment_addresses addresses_{d_.forwarding_table->own_address(), d_.receiver_secrets, 1h};
    expected_book expected_;
    std::vector<flight> in_flight_;
};

/// ILPD_SEED=N repeats an earlier run.
std::uint64_t printed_seed() {
    const char* const given = std::getenv("ILPD_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "random walk from seed " << seed << '\n';
    return seed;
}

}  // namespace

TEST_CASE("A27-97 A32-01 A32-12: a random walk keeps the book in balance at every step") {
    const std::uint64_t seed = printed_seed();
    CAPTURE(seed);
    walk walk{seed, true};
    walk.run(30'000);
    // Requires that every outcome occurred; otherwise the walk would prove little.
    for (const auto* outcome : {"go on",
                                "bad request",
                                "fulfill",
                                "fulfilled",
                                "rejected",
                                "fulfillment does not match the condition",
                                "next hop sent an invalid response",
                                "insufficient liquidity: the balance of the peer that sent the packet is too low",
                                "too many packets per second",
                                "no exchange rate between the assets",
                                "exceeded incoming throughput",
                                "exceeded outgoing throughput",
                                "amount converts to zero",
                                "amount exceeds the maximum packet amount of the next hop",
                                "packet is truncated",
                                "packet had expired on arrival",
                                "packet expires too soon to be forwarded",
                                "no route to the destination",
                                "less arrived than the sender wants to deliver",
                                "condition is not the one that the receiver can fulfill",
                                "data is not a STREAM packet for this address"}) {
        INFO(outcome);
        CHECK(walk.outcomes[outcome] > 0);
    }
}

TEST_CASE("A27-12 A27-18: a random walk that posts nothing leaves every account unchanged") {
    const std::uint64_t seed = printed_seed();
    CAPTURE(seed);
    walk walk{seed, false};
    std::vector<std::uint64_t> before;
    const auto amounts = [&walk] {
        std::vector<std::uint64_t> all;
        for (const peering::peer& peer : walk.d().known->peers()) {
            all.insert(all.end(), {peer.liquidity->available.load(), peer.liquidity->headroom.load()});
        }
        for (const peering::asset& asset : walk.d().known->assets()) {
            all.insert(all.end(), {asset.liquidity->available.load(), asset.liquidity->headroom.load()});
        }
        return all;
    };
    before = amounts();
    walk.run(10'000);
    CHECK(amounts() == before);
}

}  // namespace random_walk_test
