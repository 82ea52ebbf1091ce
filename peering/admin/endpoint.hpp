#pragma once

#include "config/settings.hpp"
#include "ilp/timestamp.hpp"
#include "peering/admin/seen_signatures.hpp"
#include "peering/graphql/engine.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace peering::admin {

/// The parts of an HTTP request that matter here. A null header is absent. Everything it refers to must outlive the
/// call.
struct request {
    std::string_view method{};
    std::string_view target{};
    const std::string* host = nullptr;
    const std::string* origin = nullptr;
    const std::string* content_type = nullptr;
    const std::string* accept = nullptr;
    const std::string* signature = nullptr;
    const std::string* tenant_id = nullptr;
    std::string_view body{};
};

struct response {
    unsigned status = 200;
    std::string content_type{};
    std::string body{};
    std::string_view allow{};  ///< value of the Allow header; not sent if empty

    // For the log.
    std::string_view unauthenticated{};  ///< why the client is not trusted; it sees this only if the status is 403
    std::vector<std::string> internal_errors{};  ///< errors raised while the document was executed
};

/// The HTTP side of the Admin API, without a socket: `POST /graphql` and `GET /healthz`. A request passes these checks
/// in order: path, method, content type, tenant, signature (host and origin, if none is required), form of the body,
/// document, first use of a mutation's signature. Then it is executed. Thread-safe.
class endpoint {
public:
    using context_factory = std::function<std::unique_ptr<graphql::context>()>;

    /// The engine must outlive the endpoint. Several threads may call the factory at the same time. Mutations that were
    /// signed before `started_at`, the start of the daemon, are refused.
    endpoint(const graphql::engine& engine, config::admin_settings settings, ilp::timestamp started_at,
             context_factory new_context)
        : engine_{engine}, settings_{std::move(settings)}, new_context_{std::move(new_context)}, seen_{started_at} {}

    /// May block, because resolvers may.
    response answer(const request& request, ilp::timestamp now);

private:
    response answer_graphql(const request& request, ilp::timestamp now);

    const graphql::engine& engine_;
    const config::admin_settings settings_;
    const context_factory new_context_;
    seen_signatures seen_;
};

}  // namespace peering::admin
