#include "connector/daemon/reload.hpp"

#include "config/load.hpp"
#include "config/schema.hpp"
#include "config/text.hpp"
#include "connector/base/log.hpp"
#include "ilp/clock.hpp"
#include "peering/administration/file_terms.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <utility>
#include <vector>

namespace connector {
namespace {

bool is_about_operator_tls(const std::string& key) {
    if (key == "webhooks.ca_file") return true;
    return key.ends_with("certificate_file") || key.ends_with("key_file");
}

}  // namespace

reload::reload(std::string file, const config::settings& running, parts parts)
    : file_{std::move(file)}, running_{running}, parts_{std::move(parts)}, signal_{parts_.control, SIGHUP} {}

void reload::await_signal() {
    signal_.async_wait([this](boost::system::error_code error, int) {
        if (!error) read_file();
    });
}

void reload::read_file() {
    parts_.began();
    boost::asio::post(parts_.helper, [this] {
        auto loaded = config::load_file(file_, config::process_environment());
        if (!loaded) {
            for (const config::problem& problem : loaded.error()) log::write(log::level::error, to_string(problem));
            return boost::asio::post(parts_.control, [this] { failed("the configuration file has errors"); });
        }
        auto tls = operator_tls::make(*loaded);
        if (!tls) return boost::asio::post(parts_.control, [this, problem = tls.error()] { failed(problem); });
        boost::asio::post(parts_.control, [this, loaded = std::make_shared<const contents>(
                                                     std::move(*loaded), std::move(*tls))] { apply(loaded); });
    });
}

void reload::apply(const loaded_contents& loaded) {
    const auto take = [this, loaded](peering::bookkeeper& keeper) {
        const auto notes = peering::take_file(
            loaded->settings, parts_.book.administration, keeper, ilp::wall_clock(),
            [this, loaded] { boost::asio::post(parts_.control, [this, loaded] { succeeded(*loaded); }); });
        if (!notes) {
            return boost::asio::post(parts_.control, [this, problem = notes.error()] { failed(problem); });
        }
        for (const std::string& note : *notes) log::write(log::level::warn, note);
    };
    peering::committer& committer = *parts_.book.committer;
    if (!committer.store_is_healthy() || !committer.execute(take)) failed("the store is not available");
}

void reload::succeeded(const contents& loaded) {
    std::vector<std::string> waiting = config::differences(running_, loaded.settings);
    std::erase_if(waiting, [](const std::string& key) {
        return key.starts_with("rates.") || key == "log.level" || is_about_operator_tls(key);
    });
    log::set_level(loaded.settings.log.level);
    parts_.rates.configure(loaded.settings.rates, parts_.book.directory, loaded.tls.rates);
    parts_.use_tls(loaded.tls);
    for (const std::string& warning : loaded.tls.warnings()) log::write(log::level::warn, warning);
    last_ = {true, ilp::wall_clock()};
    if (!waiting.empty()) {
        log::write(log::level::warn,
                   "settings other than assets, peers, rates, certificates and log.level take effect at the next start",
                   {{"settings", config::join({waiting.begin(), waiting.end()}, ", ")}});
    }
    log::write(log::level::info, "reloaded", {{"peers", parts_.book.directory.peer_count()}});
    parts_.ended({});
    await_signal();
}

void reload::failed(std::string_view reason) {
    last_ = {false, ilp::wall_clock()};
    log::write(log::level::error, "the reload failed; nothing has changed", {{"reason", std::string{reason}}});
    parts_.ended(reason);
    await_signal();
}

}  // namespace connector
