#pragma once

#include "config/load.hpp"
#include "config/settings.hpp"
#include "connector/base/listening_point.hpp"

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// The listening sockets that a service manager has opened for the daemon (sd_listen_fds(3)). It keeps them open while
/// the daemon restarts, so a connection made meanwhile waits instead of being refused. Their names are `packets`,
/// `admin`, `metrics`, `spsp` and `autopeering`.
class passed_sockets {
public:
    static constexpr int first = 3;  ///< the first descriptor, by convention

    /// From LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; none if they are for another process. The error is for the
    /// operator. The descriptors stay open as long as the process lives.
    static std::expected<passed_sockets, std::string> take(const config::environment& variables,
                                                           int first_descriptor = first);

    /// Returns where the server that `setting` is about, such as "admin.listen", has to listen. A passed socket must be
    /// at the address of the setting, because what is allowed depends on it; port 0 stands for any port.
    std::expected<listening_point, std::string> point_for(std::string_view setting,
                                                          const config::listen_address& address) const;

    /// A warning for each socket whose server did not ask for it.
    std::vector<std::string> unused() const;

private:
    struct passed_socket {
        std::string name;
        int descriptor = -1;
        boost::asio::ip::tcp::endpoint endpoint;
        mutable bool is_used = false;
    };

    std::map<std::string, passed_socket, std::less<>> by_setting_;
};

}  // namespace connector
