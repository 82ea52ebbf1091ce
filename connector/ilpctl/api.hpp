#pragma once

#include "config/settings.hpp"
#include "connector/ilpctl/documents.hpp"
#include "connector/ilpctl/transport.hpp"
#include "connector/tls/tls_context.hpp"
#include "ilp/timestamp.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector::ilpctl {

/// The ids that make it safe to repeat a change. Both are empty for a query.
struct retry_hint {
    std::string id;  ///< of the transfer, if there is one
    std::string idempotency_key;
};

/// The Admin API as the verbs use it.
class api {
public:
    virtual ~api() = default;

    /// Returns the answer to the document's field, which may be null. `extra` is how long the daemon itself may wait.
    /// Throws `failure`.
    virtual boost::json::value ask(const documents::document& what, boost::json::object variables,
                                   const retry_hint& again = {}, std::chrono::milliseconds extra = {}) = 0;
};

struct credentials {
    std::optional<config::secret> secret;
    std::string tenant;
};

/// Where the Admin API is, and how to reach it.
struct daemon_location {
    config::http_endpoint endpoint;
    std::shared_ptr<const tls_context> tls;  ///< null if the endpoint is http://
};

/// Builds the request body as canonical JSON, so that the bytes sent are the bytes signed.
std::string request_body(const documents::document& what, const boost::json::object& variables);

using header_list = std::vector<std::pair<std::string, std::string>>;
header_list request_headers(const credentials& who, std::string_view body, ilp::timestamp now);

/// Throws `failure` for anything that is not an answer to the document.
boost::json::value read_reply(const documents::document& what, const http_reply& reply, const retry_hint& again,
                              bool is_signed);

/// Tells the operator what to do when a change may or may not have been made.
std::string advice(const retry_hint& again);

/// The Admin API over HTTP.
class remote_api : public api {
public:
    remote_api(daemon_location where, credentials who, std::chrono::milliseconds timeout)
        : where_{std::move(where)}, who_{std::move(who)}, timeout_{timeout} {}

    boost::json::value ask(const documents::document& what, boost::json::object variables, const retry_hint& again,
                           std::chrono::milliseconds extra) override;

private:
    daemon_location where_;
    credentials who_;
    std::chrono::milliseconds timeout_;
};

}  // namespace connector::ilpctl
