#include "peering/uuid.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace peering {

std::string new_uuid() {
    static thread_local boost::uuids::random_generator_pure generate;
    return boost::uuids::to_string(generate());
}

}  // namespace peering
