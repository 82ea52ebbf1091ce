#include "tests/bench/operator_work.hpp"

#include <pthread.h>
#include <sched.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

namespace json = boost::json;

constexpr std::string_view create = "mutation($i: CreatePeerInput!) { createPeer(input: $i) { peer { id } } }";
constexpr std::string_view update = "mutation($i: UpdatePeerInput!) { updatePeer(input: $i) { peer { id } } }";
constexpr std::string_view deposit =
    "mutation($i: DepositPeerLiquidityInput!) { depositPeerLiquidity(input: $i) { success } }";
constexpr std::string_view remove = "mutation($i: DeletePeerInput!) { deletePeer(input: $i) { success } }";

json::object http_of(std::string_view token) {
    return {{"incoming", json::object{{"authTokens", json::array{token}}}},
            {"outgoing", json::object{{"endpoint", "http://127.0.0.1:9/"}, {"authToken", token}}}};
}

}  // namespace

operator_work::operator_work(std::uint16_t admin_port, std::chrono::milliseconds interval, int core)
    : client_{admin_port} {
    prepare();
    thread_ = std::jthread{[this, interval](const std::stop_token& stop) {
        try {
            run(stop, interval);
        } catch (const std::exception& error) {
            trouble_ = error.what();
        }
    }};
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(core), &set);
    pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set);
}

deed_times operator_work::stop() {
    thread_.request_stop();
    thread_.join();
    if (!trouble_.empty()) throw std::runtime_error{trouble_};
    return std::move(times_);
}

void operator_work::prepare() {
    const auto known = client_.ask("{ peers(first: 1, sortOrder: ASC) { edges { node { id asset { id } } } } }", {});
    const auto& oldest = known.at("peers").at("edges").at(0).at("node");
    sender_ = json::value_to<std::string>(oldest.at("id"));
    asset_ = json::value_to<std::string>(oldest.at("asset").at("id"));
}

/// Leaves nothing that it has added behind.
void operator_work::run(const std::stop_token& stop, std::chrono::milliseconds interval) {
    auto due = std::chrono::steady_clock::now();
    while (!stop.stop_requested() || done_ % deeds.size() != 0) {
        const auto begin = std::chrono::steady_clock::now();
        const auto deed = done_ % deeds.size();
        do_next();
        const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
        times_[deed].push_back(taken.count());
        due += interval;
        std::this_thread::sleep_until(due);
    }
}

void operator_work::do_next() {
    const auto id = new_uuid();
    switch (done_++ % deeds.size()) {
        case 0: {
            const auto answer = client_.ask(create, {{"i",
                                                      {{"assetId", asset_},
                                                       {"staticIlpAddress", "test.made." + id},
                                                       {"name", id},
                                                       {"routes", json::array{"test.led." + id}},
                                                       {"initialLiquidity", 0},
                                                       {"http", http_of(id)}}}});
            made_ = json::value_to<std::string>(answer.at("createPeer").at("peer").at("id"));
            return;
        }
        case 1:
            client_.ask(update, {{"i", {{"id", made_}, {"maxPacketAmount", 1000}, {"http", http_of(id)}}}});
            return;
        case 2:
            client_.ask(deposit, {{"i", {{"peerId", sender_}, {"amount", 1}, {"id", id}, {"idempotencyKey", id}}}});
            return;
        default:
            client_.ask(remove, {{"i", {{"id", made_}}}});
    }
}

}  // namespace bench
