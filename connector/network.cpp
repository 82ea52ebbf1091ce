#include "connector/network.hpp"

#include <utility>

namespace connector {

std::shared_ptr<const network> make_network(const ilp::address& own_address,
                                            std::shared_ptr<const peering::registry> peers) {
    auto made = std::make_shared<network>(network{own_address, std::move(peers), {}});
    for (const peering::peer& peer : made->peers->peers()) {
        made->routes.add(peer.address.text(), peer);
        for (const std::string& prefix : peer.routes) made->routes.add(prefix, peer);
    }
    return made;
}

}  // namespace connector
