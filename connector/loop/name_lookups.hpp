#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace connector {

struct found_addresses {
    boost::system::error_code error{};
    std::vector<boost::asio::ip::tcp::endpoint> addresses{};  ///< their port is 0
};

/// Asks the system for the addresses of a name. Takes as long as the system's resolver likes, which can be half a
/// minute.
found_addresses look_up_name(const std::string& host);

/// Looks names up without blocking their loop. A look-up cannot be interrupted, so each has a thread of its own: a name
/// whose servers are silent does not delay others. Their number is bounded, and further requests for a name that is
/// being looked up get the same result. The destructor does not wait for the threads. All functions are for the loop's
/// thread.
class name_lookups {
public:
    static constexpr std::size_t threads_max = 16;

    using handler = std::function<void(const found_addresses&)>;

    /// `look_up` is called on other threads, possibly after this object has been destroyed.
    explicit name_lookups(boost::asio::io_context& context,
                          std::function<found_addresses(const std::string&)> look_up = look_up_name);
    ~name_lookups();
    name_lookups(const name_lookups&) = delete;
    name_lookups& operator=(const name_lookups&) = delete;

    /// `done` is called once, from the loop and never from within this call, unless this object is destroyed before.
    void start(const std::string& host, handler done);

private:
    struct loop_side;

    std::shared_ptr<loop_side> side_;  ///< shared with the threads
};

}  // namespace connector
