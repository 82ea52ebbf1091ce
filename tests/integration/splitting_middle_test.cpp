#include "tests/integration/part_middle.hpp"
#include "tests/integration/split_link.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Two daemons with something between them that drops, doubles, reorders and delays parts and answers.
namespace splitting_middle_test {

namespace {

using namespace support;
using namespace std::chrono_literals;
using answers = middle_plan::answers;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int random_rounds = 4;
#else
constexpr int random_rounds = 14;
#endif
constexpr std::size_t packets_of_round = 16;  // so many sets of one peer may be incomplete

/// One packet, what the middle does with it, and what may come of it at its sender.
struct fault {
    std::string name{};
    std::uint32_t parts = 3;
    middle_plan plan{};
    std::set<std::string> outcomes{};
};

/// The codes that a sender may see of a packet that has not become whole at bob. T00: bob has said so. T01: the
/// connection was lost, and bob does not know the packet. R00: nobody has answered in time.
const std::set<std::string> failed{"T00", "T01", "R00"};
const std::set<std::string> fulfilled{"fulfill"};
const std::set<std::string> may_fail_or_not{"T00", "T01", "R00", "fulfill"};

bool ends_connection(const middle_plan& plan) {
    return plan.is_cut || plan.answers_are == answers::cut;
}

std::vector<middle_plan::delivery> in_order(std::uint32_t parts) {
    std::vector<middle_plan::delivery> all;
    for (std::uint32_t part = 0; part < parts; ++part) all.push_back({part});
    return all;
}

/// Every fault of one kind, at each place of three parts.
std::vector<fault> every_fault() {
    constexpr std::uint32_t parts = 3;
    std::vector<fault> all;
    const auto add = [&all](std::string name, middle_plan plan, const std::set<std::string>& outcomes) {
        all.push_back({std::move(name), parts, std::move(plan), outcomes});
    };
    std::vector<std::uint32_t> order(parts);
    std::iota(order.begin(), order.end(), 0);
    do {
        middle_plan plan;
        for (const std::uint32_t part : order) plan.at_once.push_back({part});
        add("another order", plan, fulfilled);
    } while (std::ranges::next_permutation(order).found);
    for (std::uint32_t part = 0; part < parts; ++part) {
        const std::string number = std::to_string(part);
        middle_plan plan{.at_once = in_order(parts)};
        plan.at_once.erase(plan.at_once.begin() + part);
        add("dropped: " + number, plan, failed);
        plan.refuses_rest = true;
        add("refused: " + number, plan, failed);
        plan.refuses_rest = false;
        plan.late = {{part}};
        add("too late: " + number, plan, failed);
        plan.late = {};
        plan.at_once.push_back({part, true});
        add("elsewhere: " + number, plan, failed);
        for (std::uint32_t at = 0; at <= parts; ++at) {
            plan = {.at_once = in_order(parts)};
            plan.at_once.insert(plan.at_once.begin() + at, {part});
            add("doubled: " + number + " at " + std::to_string(at), plan, fulfilled);
        }
    }
    for (std::uint32_t passed = 0; passed < parts; ++passed) {
        add("cut after " + std::to_string(passed), {.at_once = in_order(passed), .is_cut = true}, failed);
    }
    add("cut after all", {.at_once = in_order(parts), .is_cut = true}, fulfilled);
    add("all doubled late", {.at_once = in_order(parts), .late = in_order(parts)}, fulfilled);
    add("answers held", {.at_once = in_order(parts), .answers_are = answers::hold}, fulfilled);
    add("answers cut", {.at_once = in_order(parts), .answers_are = answers::cut}, fulfilled);
    return all;
}

/// What may come of a packet that has been delivered like this.
std::set<std::string> outcomes_of(const middle_plan& plan, std::uint32_t parts) {
    std::set<std::uint32_t> here;
    std::set<std::uint32_t> elsewhere;
    for (const auto& each : plan.at_once) (each.is_elsewhere ? elsewhere : here).insert(each.part);
    const bool is_simple = elsewhere.empty() && plan.late.empty();
    const bool answers_are_lost = plan.is_cut || plan.answers_are != answers::pass;
    if (here.size() == parts && elsewhere.empty() && !answers_are_lost) return fulfilled;
    return here.size() < parts && is_simple ? failed : may_fail_or_not;
}

fault random_fault(std::mt19937& random, bool may_end_connection) {
    const auto one_of = [&random](std::uint32_t cases) { return random() % cases == 0; };
    fault made{.name = "random", .parts = 2 + static_cast<std::uint32_t>(random() % 4)};
    middle_plan& plan = made.plan;
    plan.at_once = in_order(made.parts);
    if (one_of(2)) std::ranges::shuffle(plan.at_once, random);
    const auto any = [&] { return static_cast<std::uint32_t>(random() % made.parts); };
    const auto take_out = [&plan](std::uint32_t part) {
        std::erase_if(plan.at_once, [part](const auto& each) { return each.part == part; });
    };
    if (one_of(4)) plan.at_once.insert(plan.at_once.begin() + any(), {any()});
    if (one_of(6)) take_out(any());
    if (one_of(8)) {
        plan.late.push_back({any()});
        take_out(plan.late.back().part);
    }
    if (one_of(8)) plan.late.push_back({any()});
    if (one_of(10) && !plan.at_once.empty()) plan.at_once[random() % plan.at_once.size()].is_elsewhere = true;
    plan.refuses_rest = one_of(2);
    plan.is_cut = may_end_connection && one_of(8);
    if (plan.is_cut && one_of(2)) plan.at_once.resize(random() % (plan.at_once.size() + 1));
    if (one_of(8)) plan.answers_are = may_end_connection && one_of(2) ? answers::cut : answers::hold;
    made.outcomes = outcomes_of(plan, made.parts);
    return made;
}

std::string described(const fault& of) {
    const auto list = [](const std::vector<middle_plan::delivery>& all) {
        std::string text;
        for (const auto& each : all) text += ' ' + std::to_string(each.part) + (each.is_elsewhere ? "x" : "");
        return text;
    };
    return of.name + ": " + std::to_string(of.parts) + " parts, at once" + list(of.plan.at_once) + ", late" +
           list(of.plan.late) + (of.plan.refuses_rest ? ", the rest refused" : "") + (of.plan.is_cut ? ", cut" : "") +
           (of.plan.answers_are == answers::pass   ? ""
            : of.plan.answers_are == answers::hold ? ", answers held"
                                                   : ", answers cut");
}

/// Two daemons and a middle between them, and what is known of the packets that have crossed it.
struct faulty_link {
    explicit faulty_link(const std::string& protocol)
        : pair{{.protocol = protocol, .alice_terms = {terms}, .bob_terms = {terms}, .with_middle = true}} {
        pair.agree();
        at_start = counts();
    }

    std::map<std::string, double> counts() const {
        std::map<std::string, double> all;
        for (const char* const result : {"sent_fulfilled", "sent_recovered", "sent_rejected"}) {
            all[result] = pair.splits(pair.alice, "bob", result);
        }
        for (const char* const result : {"received_fulfilled", "received_rejected", "received_incomplete"}) {
            all[result] = pair.splits(pair.bob, "alice", result);
        }
        return all;
    }
    std::map<std::string, double> counted() const {
        auto all = counts();
        for (auto& [result, count] : all) count -= at_start.at(result);
        return all;
    }

    /// Sends one packet for each fault, all of them at the same time, and looks at what has come of them.
    void run(const std::vector<fault>& faults) {
        std::map<std::uint64_t, middle_plan> plans;
        std::vector<prepare> packets;
        for (const fault& each : faults) {
            // The totals differ, so they tell the middle which packet it has.
            const std::uint64_t total = (each.parts - 1) * link_max + 1 + packets.size();
            packets.push_back(split_link::packet(total, 6s));
            plans.emplace(total, each.plan);
        }
        pair.middle->set_plan([plans](const peering::part_label& label) { return plans.at(label.total.value); });
        std::vector<std::future<std::optional<http_message>>> sent;
        sent.reserve(packets.size());
        for (const prepare& each : packets) {
            sent.push_back(std::async(std::launch::async, [this, &each] { return pair.send(each); }));
        }
        std::vector<std::optional<http_message>> came;
        came.reserve(sent.size());
        for (auto& each : sent) came.push_back(each.get());
        // Over HTTP/2 packets share a connection, so whatever ends it ends what others have there.
        const bool all_are_cut =
            pair.chosen.protocol == "http2" && faults.size() > 1 &&
            std::ranges::any_of(faults, [](const fault& each) { return ends_connection(each.plan); });
        wide untold = 0;
        const std::map<ilp::bytes, int> forwarded = forwarded_packets();
        for (std::size_t i = 0; i < faults.size(); ++i) {
            INFO(described(faults[i]));
            const std::string result = outcome(came[i]);
            INFO(result);
            CHECK((faults[i].outcomes.contains(result) || (all_are_cut && may_fail_or_not.contains(result))));
            const auto at_end = forwarded.find(packets[i].data);
            const bool was_forwarded = at_end != forwarded.end();
            // Nothing is sent twice, and a Fulfill comes from behind bob alone.
            CHECK((!was_forwarded || at_end->second == 1));
            if (result == "fulfill") {
                expect_fulfill(came[i], packets[i]);
                CHECK(was_forwarded);
            } else if (was_forwarded) {
                CHECK((all_are_cut || faults[i].plan.is_cut || faults[i].plan.answers_are != answers::pass ||
                       !faults[i].plan.late.empty()));
                untold += static_cast<wide>(packets[i].amount);
            }
        }
        packets_sent += faults.size();
        untold_in_all += untold;
        const wide difference = split_link::gained(pair.alice, pair.alice_place, "bob") +
                                split_link::gained(pair.bob, pair.bob_place, "alice");
        // If alice could not be told of a Fulfill in time, bob's book alone has it, as with one packet.
        CHECK(difference == -untold_in_all);
    }

    std::map<ilp::bytes, int> forwarded_packets() const {
        std::map<ilp::bytes, int> all;
        for (const http_message& request : pair.bob_end.requests()) ++all[decode_prepare(request.body).data];
        return all;
    }

    /// Nothing is held any more, each packet was counted once at alice, and both agree on how many were fulfilled.
    void expect_settled() const {
        CHECK(pair.alice.audit().status == 0);
        CHECK(pair.bob.audit().status == 0);
        CHECK(pair.alice.scrape().sum("ilp_amount_in_flight") == 0);
        CHECK(pair.bob.scrape().sum("ilp_amount_in_flight") == 0);
        const auto all = counted();
        CHECK(all.at("sent_fulfilled") + all.at("sent_recovered") + all.at("sent_rejected") ==
              static_cast<double>(packets_sent));
        const double told = all.at("sent_fulfilled") + all.at("sent_recovered");
        if (untold_in_all == 0) {
            CHECK(all.at("received_fulfilled") == told);
        } else {
            CHECK(all.at("received_fulfilled") > told);
        }
    }

    inline static const std::string terms = "split: {max_total: 100000, max_parts: 16}";
    split_link pair;
    std::map<std::string, double> at_start{};
    std::size_t packets_sent = 0;
    wide untold_in_all = 0;
};

}  // namespace

TEST_CASE("a middle that makes one fault at any place: the packet is whole or is not, and both books say the same") {
    for (const char* const protocol : {"http1", "http2"}) {
        INFO(protocol);
        faulty_link link{protocol};
        std::vector<fault> all = every_fault();
        // Over HTTP/2, each fault that ends a connection is alone.
        const auto alone = std::ranges::stable_partition(all, [&](const fault& each) {
            return protocol == std::string_view{"http1"} || !ends_connection(each.plan);
        });
        const std::vector<fault> together{all.begin(), alone.begin()};
        for (std::size_t at = 0; at < together.size(); at += packets_of_round) {
            const std::size_t end = std::min(at + packets_of_round, together.size());
            link.run({together.begin() + static_cast<std::ptrdiff_t>(at),
                      together.begin() + static_cast<std::ptrdiff_t>(end)});
        }
        for (const fault& each : alone) link.run({each});
        link.expect_settled();
        CHECK(link.untold_in_all == 0);
        CHECK(link.counted().at("sent_recovered") >= 3);
    }
}

TEST_CASE("a part that comes after its packet has ended opens no other") {
    for (const char* const protocol : {"http1", "http2"}) {
        INFO(protocol);
        faulty_link link{protocol};
        for (std::uint32_t part = 0; part < 3; ++part) {
            middle_plan plan{.at_once = in_order(3), .late = {{part}}};
            plan.at_once.erase(plan.at_once.begin() + part);
            link.run({{"too late", 3, plan, failed}});
        }
        link.run({{"all doubled late", 3, {.at_once = in_order(3), .late = in_order(3)}, fulfilled}});
        link.expect_settled();
        CHECK(link.counted().at("received_incomplete") == 3);
    }
}

TEST_CASE("the parts of two packets in turns on one connection are two packets") {
    for (const char* const protocol : {"http1", "http2"}) {
        INFO(protocol);
        faulty_link link{protocol};
        link.pair.middle->interleave(true);
        for (const auto& [first, second] : {std::pair{2U, 2U}, {2U, 5U}, {5U, 2U}, {4U, 4U}}) {
            link.run({{"in turns", first, {.at_once = in_order(first)}, fulfilled},
                      {"in turns", second, {.at_once = in_order(second)}, fulfilled}});
        }
        link.expect_settled();
        CHECK(link.counted().at("sent_fulfilled") == 8);
    }
}

TEST_CASE("a middle that makes faults at random: every packet has one answer, and both books say the same") {
    for (const char* const protocol : {"http1", "http2"}) {
        const auto seed = std::random_device{}();
        UNSCOPED_INFO(protocol << ", seed " << seed);
        std::mt19937 random{seed};
        faulty_link link{protocol};
        for (int round = 0; round < random_rounds / 2; ++round) {
            INFO(protocol << ", seed " << seed << ", round " << round);
            std::vector<fault> faults;
            const bool may_end = round % 2 == 1 || protocol == std::string_view{"http1"};
            for (std::size_t i = 0; i < packets_of_round; ++i) faults.push_back(random_fault(random, may_end));
            link.run(faults);
        }
        link.expect_settled();
    }
}

}  // namespace splitting_middle_test
