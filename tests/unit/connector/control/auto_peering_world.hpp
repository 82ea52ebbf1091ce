#pragma once

#include "config/value.hpp"
#include "connector/control/auto_peering_client.hpp"
#include "connector/control/auto_peering_server.hpp"
#include "ilp/clock.hpp"
#include "peering/administration/administration.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/directory/directory.hpp"
#include "peering/open_store.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace connector::testing {

/// A node's parts for auto-peering: a book, a running committer and control loop, a listener, and a client.
class node {
public:
    static config::auto_peering_settings lenient() {
        config::auto_peering_settings settings;
        static std::atomic<int> port = 3002;  // nodes differ in their URLs
        settings.connector_url = config::http_url().parse("http://127.0.0.1:" + std::to_string(port++) + "/").value();
        settings.max_peers = 1000;
        settings.request_rate = 1000;
        settings.allow_private_addresses = true;
        return settings;
    }

    explicit node(std::string_view address, config::auto_peering_settings settings = lenient())
        : directory{ilp::address::parse(address).value()},
          auto_peers{directory, administration, settings},
          server{control, committer, auto_peers, settings},
          client{control, auto_peers, connector::tls_context::client({}).value()} {
        peering::transaction start{keeper, {}};
        if (!administration.create_asset(start, "USD", 9, {}) || !administration.commit(start, [] {})) {
            throw std::runtime_error{"no asset"};
        }
        if (server.listen({boost::asio::ip::address_v4::loopback(), 0})) throw std::runtime_error{"no listener"};
        committer.start();
        thread_ = std::thread{[this] { control.run(); }};
    }
    ~node() {
        control.stop();
        thread_.join();
        committer.stop(std::chrono::milliseconds{1000});
    }
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    std::uint16_t port() const { return server.local_endpoint().port(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/"; }
    std::string usd() const { return directory.find_asset("USD", 9)->asset->uuid; }
    std::shared_ptr<const peering::peer> only_peer() const {
        const auto peers = directory.peers();
        return peers.size() == 1 ? peers.front() : nullptr;
    }

    /// Asks the node at the URL and applies its answer as the mutation createOrUpdatePeerByUrl does: the question is
    /// asked on the calling thread, and the answer is applied by a task on the committer's thread.
    peering::administration::peer_outcome create_or_update(const peering::peer_by_url& wanted) {
        const auto question = auto_peers.ask(wanted);
        if (!question) return std::unexpected{question.error()};
        const auto answer = client.answer_to(*question);
        if (!answer) return std::unexpected{answer.error()};
        std::promise<peering::administration::peer_outcome> promise;
        auto outcome = promise.get_future();
        const bool accepted = committer.execute([&](peering::bookkeeper& keeper) {
            peering::transaction transaction{keeper, ilp::wall_clock()};
            const auto applied = auto_peers.apply_peering_answer(transaction, wanted, *question, *answer);
            if (!applied) return promise.set_value(applied);
            const auto written =
                administration.commit(transaction, [&promise, applied] { promise.set_value(applied); });
            if (!written) throw std::runtime_error{written.error().message};
        });
        if (!accepted) throw std::runtime_error{"the committer is busy"};
        return outcome.get();
    }

    std::unique_ptr<peering::store> store = peering::open_store("memory:").value();
    peering::ledger ledger;
    peering::thresholds thresholds;
    peering::bookkeeper keeper{ledger, *store, thresholds};
    peering::committer committer{keeper};
    boost::asio::io_context control{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{control.get_executor()};
    peering::directory directory;
    peering::administration administration{directory};
    peering::auto_peers auto_peers;
    auto_peering_server server;
    auto_peering_client client;

private:
    std::thread thread_;
};

}  // namespace connector::testing
