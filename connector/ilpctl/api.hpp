#pragma once

#include "config/settings.hpp"
#include "connector/ilpctl/documents.hpp"
#include "connector/ilpctl/transport.hpp"
#include "ilp/timestamp.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector::ilpctl {

/// How to do a change again without doing it twice; empty texts for what is only a question.
struct repetition {
    std::string id;  ///< of the transfer, where there is one
    std::string idempotency_key;
};

/// The Admin API as the verbs see it.
class api {
public:
    virtual ~api() = default;

    /// What the document's field was answered with, perhaps null. `extra` is the time that the daemon itself may wait.
    /// Throws `failure`.
    virtual boost::json::value ask(const documents::document& what, boost::json::object variables,
                                   const repetition& again = {}, std::chrono::milliseconds extra = {}) = 0;
};

struct credentials {
    std::optional<config::secret> secret;
    std::string tenant;
};

/// The body that is sent: canonical JSON, so that what is signed is what travels.
std::string request_body(const documents::document& what, const boost::json::object& variables);

using header_list = std::vector<std::pair<std::string, std::string>>;
header_list request_headers(const credentials& who, std::string_view body, ilp::timestamp now);

/// Throws `failure` for everything that is not an answer to the document.
boost::json::value read_reply(const documents::document& what, const http_reply& reply, const repetition& again,
                              bool is_signed);

/// What an operator is told when a change may have been done.
std::string advice(const repetition& again);

/// Over HTTP.
class remote_api : public api {
public:
    remote_api(config::http_endpoint endpoint, credentials who, std::chrono::milliseconds timeout)
        : endpoint_{std::move(endpoint)}, who_{std::move(who)}, timeout_{timeout} {}

    boost::json::value ask(const documents::document& what, boost::json::object variables, const repetition& again,
                           std::chrono::milliseconds extra) override;

private:
    config::http_endpoint endpoint_;
    credentials who_;
    std::chrono::milliseconds timeout_;
};

}  // namespace connector::ilpctl
