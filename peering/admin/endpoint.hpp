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

/// One HTTP request, as far as it matters here. A header that is null is absent; all outlives the call.
struct request {
    std::string_view method{};
    std::string_view target{};
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
    std::string_view allow{};  ///< the header's value; empty: it is not sent

    // For the log.
    std::string_view unauthenticated{};          ///< why: the client is not told
    std::vector<std::string> internal_errors{};  ///< what went wrong while the document was executed
};

/// What HTTP makes of the Admin API, without a socket: `POST /graphql` and `GET /healthz`. A request passes these
/// gates in order: path, method, content type, tenant and signature, form of the body, document, first use of a
/// mutation's signature; then it is executed. Any thread may use it.
class endpoint {
public:
    using context_factory = std::function<std::unique_ptr<graphql::context>()>;

    /// The engine outlives it; the factory may be called by several threads at a time.
    endpoint(const graphql::engine& engine, config::admin_settings settings, context_factory new_context)
        : engine_{engine}, settings_{std::move(settings)}, new_context_{std::move(new_context)} {}

    /// May block, as the resolvers do.
    response answer(const request& request, ilp::timestamp now);

private:
    response answer_graphql(const request& request, ilp::timestamp now);

    const graphql::engine& engine_;
    const config::admin_settings settings_;
    const context_factory new_context_;
    seen_signatures seen_;
};

}  // namespace peering::admin
