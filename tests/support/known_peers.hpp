#pragma once

#include "config/settings.hpp"
#include "ilp/clock.hpp"
#include "peering/administration/administration.hpp"
#include "peering/administration/file_terms.hpp"
#include "peering/administration/recovery.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/directory/directory.hpp"

#include <boost/iterator/indirect_iterator.hpp>

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// A peer without an account, for code that does not use money.
inline peering::peer peer_named(std::string name) {
    const auto address = ilp::address::parse("test.somebody").value();
    return {.uuid = {},
            .given_name = std::move(name),
            .address = address,
            .routes = {},
            .max_packet_amount = {},
            .max_hold_time = {},
            .spread = {},
            .has_label = true,
            .liquidity_threshold = {},
            .incoming_tokens = {},
            .outgoing = {},
            .limits = {}};
}

/// A view of the objects that the pointers point to.
template <class Pointer>
struct pointed_to {
    std::span<const Pointer> pointers;

    const auto& operator[](std::size_t place) const { return *pointers[place]; }
    const auto& front() const { return *pointers.front(); }
    std::size_t size() const { return pointers.size(); }
    bool empty() const { return pointers.empty(); }
    auto begin() const { return boost::make_indirect_iterator(pointers.begin()); }
    auto end() const { return boost::make_indirect_iterator(pointers.end()); }
};

/// A daemon's directory, with the peers and assets that it had after it was reconciled with a file.
class known_peers {
public:
    /// Builds it as at the daemon's start or, if `previous` is given, as at a reload.
    static std::expected<std::shared_ptr<const known_peers>, std::string> build(const config::settings& settings,
                                                                                peering::bookkeeper& keeper,
                                                                                const known_peers* previous = nullptr) {
        const auto made = std::make_shared<known_peers>();
        if (previous != nullptr) {
            made->directory = previous->directory;
            made->administration = previous->administration;
        } else {
            const auto known = keeper.store().load();
            if (!known) return std::unexpected{known.error().message};
            made->directory = std::make_shared<peering::directory>(settings.ilp_address);
            made->administration = std::make_shared<peering::administration>(*made->directory);
            if (auto opened = peering::open_directory(*made->directory, *known, keeper); !opened) {
                return std::unexpected{opened.error()};
            }
        }
        auto notes = peering::take_file(settings, *made->administration, keeper, ilp::wall_clock(), [] {});
        if (!notes) return std::unexpected{notes.error()};
        made->notes = std::move(*notes);
        made->peers_ = made->directory->peers();
        for (const auto& entry : made->directory->assets()) made->assets_.push_back(entry.asset);
        return made;
    }

    static std::shared_ptr<const known_peers> build_or_throw(const config::settings& settings,
                                                             peering::bookkeeper& keeper,
                                                             const known_peers* previous = nullptr) {
        auto built = build(settings, keeper, previous);
        if (!built) throw std::runtime_error{built.error()};
        return *built;
    }

    /// In order of creation.
    auto peers() const { return pointed_to<std::shared_ptr<const peering::peer>>{peers_}; }
    auto assets() const { return pointed_to<const peering::asset*>{assets_}; }
    /// Null if unknown.
    const peering::peer* find_by_name(std::string_view name) const {
        for (const peering::peer& peer : peers()) {
            if (peer.name() == name) return &peer;
        }
        return nullptr;
    }
    const peering::peer* find_by_token(const ilp::digest& token) const {
        return directory->find_peer_by_token(token).get();
    }

    std::shared_ptr<peering::directory> directory;
    std::shared_ptr<peering::administration> administration;
    std::vector<std::string> notes;  ///< what the log would say about the file

private:
    std::vector<std::shared_ptr<const peering::peer>> peers_;
    std::vector<const peering::asset*> assets_;
};

}  // namespace support
