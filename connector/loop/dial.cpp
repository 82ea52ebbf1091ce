#include "connector/loop/dial.hpp"

#include "connector/loop/descriptors.hpp"
#include "connector/loop/name_lookups.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <list>
#include <optional>
#include <utility>

namespace connector {
namespace {

constexpr std::chrono::milliseconds next_address_after{250};  // RFC 8305, section 5
constexpr std::size_t addresses_max = 8;                      // each occupies a descriptor while it is tried

using addresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// Alternates between the two families, beginning with that of the first address (RFC 8305, section 4): if one family
/// does not work here, its addresses do not all have to fail first.
addresses alternate_families(const addresses& found) {
    const auto is_of_first = [&](const auto& address) { return address.protocol() == found.front().protocol(); };
    addresses first;
    addresses other;
    for (const auto& address : found) (is_of_first(address) ? first : other).push_back(address);
    addresses mixed;
    for (std::size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
        if (i < first.size()) mixed.push_back(first[i]);
        if (i < other.size()) mixed.push_back(other[i]);
    }
    return mixed;
}

dial_failure failure_of(const boost::system::error_code& error) {
    const auto reason = true_connect_error(error);
    return {.lacks_descriptors = is_lack_of_descriptors(reason), .why = with_advice(reason)};
}

/// The look-ups of one context, which owns this.
class lookup_service final : public boost::asio::execution_context::service {
public:
    using key_type = lookup_service;
    static inline boost::asio::execution_context::id id;

    explicit lookup_service(boost::asio::io_context& context) : service{context}, lookups_{std::in_place, context} {}

    void start(const std::string& host, name_lookups::handler done) { lookups_->start(host, std::move(done)); }

private:
    void shutdown() override { lookups_.reset(); }

    std::optional<name_lookups> lookups_;
};

}  // namespace

class dial::attempt : public std::enable_shared_from_this<attempt> {
public:
    attempt(boost::asio::io_context& context, handler done)
        : done_{std::move(done)}, limit_{context}, next_{context}, context_{context} {}

    void look_up(dial_target target) {
        start_limit(target.time_limit);
        boost::system::error_code not_literal;
        const auto literal = boost::asio::ip::make_address(target.host, not_literal);
        if (!not_literal) return connect(filter({{literal, target.port}}, target.may_connect));
        boost::asio::use_service<lookup_service>(context_).start(
            target.host, [self = shared_from_this(), port = target.port,
                          may_connect = std::move(target.may_connect)](const found_addresses& found) {
                if (!self->done_) return;
                if (found.error) return self->fail(failure_of(found.error));
                addresses with_port = found.addresses;
                for (auto& address : with_port) address.port(port);
                self->connect(filter(std::move(with_port), may_connect));
            });
    }

    void try_these(const addresses& given, std::chrono::milliseconds time_limit) {
        start_limit(time_limit);
        connect(given);
    }

    /// Ends everything without calling the handler.
    void cancel() noexcept {
        done_ = nullptr;
        limit_.cancel();
        next_.cancel();
        sockets_.clear();
    }

private:
    using tcp = boost::asio::ip::tcp;

    static addresses filter(addresses found, const std::function<bool(const boost::asio::ip::address&)>& may_connect) {
        if (may_connect) std::erase_if(found, [&](const auto& to) { return !may_connect(to.address()); });
        return found;
    }

    void start_limit(std::chrono::milliseconds time_limit) {
        if (time_limit == std::chrono::milliseconds{0}) return;
        limit_.expires_after(time_limit);
        limit_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (!error && self->done_) self->fail({.why = "connecting took too long"});
        });
    }

    void connect(const addresses& given) {
        if (given.empty()) {
            return boost::asio::post(context_, [self = shared_from_this()] {
                if (self->done_)
                    self->fail({.not_allowed = true, .why = "the host has no address to which ilpd may connect"});
            });
        }
        addresses_ = alternate_families(given);
        if (addresses_.size() > addresses_max) addresses_.resize(addresses_max);
        try_next();
    }

    void try_next() {
        next_.cancel();
        if (tried_ == addresses_.size()) return;
        const auto socket = sockets_.emplace(sockets_.end(), context_);
        socket->async_connect(addresses_[tried_++],
                              [self = shared_from_this(), socket](const boost::system::error_code& error) {
                                  if (self->done_) self->connected(socket, error);
                              });
        if (tried_ == addresses_.size()) return;
        next_.expires_after(next_address_after);
        next_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (!error && self->done_) self->try_next();
        });
    }

    void connected(std::list<tcp::socket>::iterator socket, const boost::system::error_code& error) {
        if (!error) {
            tcp::socket winner = std::move(*socket);
            return finish(std::move(winner));
        }
        sockets_.erase(socket);
        if (tried_ != addresses_.size()) return try_next();
        if (sockets_.empty()) fail(failure_of(error));
    }

    void fail(dial_failure failure) { finish(std::unexpected{std::move(failure)}); }

    void finish(std::expected<tcp::socket, dial_failure> outcome) {
        const handler done = std::exchange(done_, nullptr);
        cancel();
        done(std::move(outcome));
    }

    handler done_;  ///< empty once it was called, or after cancel(): handlers that are still to run do nothing
    boost::asio::steady_timer limit_;
    boost::asio::steady_timer next_;
    boost::asio::io_context& context_;
    addresses addresses_;
    std::size_t tried_ = 0;
    std::list<tcp::socket> sockets_;  ///< those that are connecting
};

dial::dial(boost::asio::io_context& context, dial_target target, handler done)
    : attempt_{std::make_shared<attempt>(context, std::move(done))} {
    attempt_->look_up(std::move(target));
}

dial::dial(boost::asio::io_context& context, const std::vector<boost::asio::ip::tcp::endpoint>& addresses,
           std::chrono::milliseconds time_limit, handler done)
    : attempt_{std::make_shared<attempt>(context, std::move(done))} {
    attempt_->try_these(addresses, time_limit);
}

dial::~dial() {
    if (attempt_) attempt_->cancel();
}

dial& dial::operator=(dial&& other) noexcept {
    if (attempt_ && attempt_ != other.attempt_) attempt_->cancel();
    attempt_ = std::move(other.attempt_);
    return *this;
}

}  // namespace connector
