#include "connector/base/passed_sockets.hpp"

#include "connector/base/listen.hpp"
#include "connector/base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace connector {
namespace {

using boost::asio::ip::tcp;

constexpr int passed_max = 64;  // many more than have names

struct socket_name {
    std::string_view name;
    std::string_view setting;
};

constexpr std::array socket_names{socket_name{"packets", "connector.listen"}, socket_name{"admin", "admin.listen"},
                                  socket_name{"metrics", "metrics.listen"}, socket_name{"spsp", "spsp.listen"},
                                  socket_name{"autopeering", "auto_peering.listen"}};

std::optional<long> number_in(const config::environment& variables, std::string_view name) {
    const auto text = variables(name);
    long number = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return number;
}

std::vector<std::string> split_at_colons(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t colon = text.find(':');
        parts.emplace_back(text.substr(0, colon));
        if (colon == std::string_view::npos) return parts;
        text.remove_prefix(colon + 1);
    }
}

int socket_option(int descriptor, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// Empty unless the descriptor is a listening TCP socket.
std::optional<tcp::endpoint> listening_at(int descriptor) {
    tcp::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (socket_option(descriptor, SO_ACCEPTCONN) != 1 || socket_option(descriptor, SO_TYPE) != SOCK_STREAM ||
        ::getsockname(descriptor, endpoint.data(), &size) != 0)
        return std::nullopt;
    const auto family = endpoint.data()->sa_family;
    if (family != AF_INET && family != AF_INET6) return std::nullopt;
    endpoint.resize(size);
    return endpoint;
}

}  // namespace

std::expected<passed_sockets, std::string> passed_sockets::take(const config::environment& variables,
                                                                int first_descriptor) {
    passed_sockets taken;
    if (number_in(variables, "LISTEN_PID") != ::getpid()) return taken;
    const auto count = number_in(variables, "LISTEN_FDS");
    if (!count || *count < 0 || *count > passed_max) {
        return std::unexpected{fmt::format("LISTEN_FDS: expected a number from 0 to {}", passed_max)};
    }
    const auto names = split_at_colons(variables("LISTEN_FDNAMES").value_or(""));
    for (int i = 0; i < *count; ++i) {
        const int descriptor = first_descriptor + i;
        const std::string name = std::cmp_less(i, names.size()) ? names[static_cast<std::size_t>(i)] : std::string{};
        const auto* const known = std::ranges::find(socket_names, name, &socket_name::name);
        if (known == socket_names.end()) {
            return std::unexpected{
                fmt::format("the service manager has passed a socket with the name \"{}\": name it packets, "
                            "admin, metrics, spsp or autopeering (FileDescriptorName=)",
                            log::escape(name))};
        }
        const auto endpoint = listening_at(descriptor);
        if (!endpoint) {
            return std::unexpected{
                fmt::format("what the service manager has passed as \"{}\" is not a listening TCP "
                            "socket: give an IP address and a port in ListenStream=, and Accept=no",
                            name)};
        }
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        if (!taken.by_setting_.try_emplace(std::string{known->setting}, passed_socket{name, descriptor, *endpoint})
                 .second) {
            return std::unexpected{
                fmt::format("the service manager has passed two sockets with the name \"{}\": one is "
                            "needed, at the address of {}",
                            name, known->setting)};
        }
    }
    return taken;
}

std::expected<listening_point, std::string> passed_sockets::point_for(std::string_view setting,
                                                                      const config::listen_address& address) const {
    const tcp::endpoint wanted = to_endpoint(address);
    const auto found = by_setting_.find(setting);
    if (found == by_setting_.end()) return wanted;
    const passed_socket& passed = found->second;
    if (passed.endpoint.address() != wanted.address() ||
        (wanted.port() != 0 && passed.endpoint.port() != wanted.port())) {
        return std::unexpected{
            fmt::format("{}: it is {}, and the service manager has passed a socket at {}: give both "
                        "the same address",
                        setting, to_text(wanted), to_text(passed.endpoint))};
    }
    passed.is_used = true;
    listening_point point{passed.endpoint};
    point.passed = passed.descriptor;
    return point;
}

std::vector<std::string> passed_sockets::unused() const {
    std::vector<std::string> warnings;
    for (const auto& [setting, passed] : by_setting_) {
        if (passed.is_used) continue;
        warnings.push_back(
            fmt::format("the service manager has passed a socket with the name \"{}\", which these "
                        "settings do not use: connections to it get no answer",
                        passed.name));
    }
    return warnings;
}

}  // namespace connector
