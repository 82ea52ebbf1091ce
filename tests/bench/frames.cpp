#include "tests/bench/frames.hpp"

#include "connector/transport/http2/head_block.hpp"

#include <string>

namespace bench {

ilp::bytes request_block(bool is_https, std::string_view target, std::string_view authority, std::string_view token) {
    namespace http2 = connector::http2;
    namespace table = http2::static_table;
    ilp::bytes block;
    http2::append_indexed(block, table::method_post);
    http2::append_indexed(block, is_https ? table::scheme_https : table::scheme_http);
    http2::append_literal(block, table::path, target);
    http2::append_literal(block, table::authority, authority);
    http2::append_literal(block, table::authorization, "Bearer " + std::string{token}, true);
    http2::append_literal(block, table::content_type, "application/octet-stream");
    http2::append_literal(block, table::accept, "application/octet-stream");
    return block;
}

}  // namespace bench
