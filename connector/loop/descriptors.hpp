#pragma once

#include <boost/system/error_code.hpp>

#include <string>

namespace connector {

/// True if the error means that this process, or the system, has no descriptor for another socket.
bool is_lack_of_descriptors(const boost::system::error_code& error) noexcept;

/// Returns why a connection could not be made. `error` is that of an attempt that was not cancelled. Asio reports a
/// socket that could not be opened as an aborted operation, and a resolver without a descriptor reports a missing name;
/// so a lack of descriptors is looked for here.
boost::system::error_code true_connect_error(const boost::system::error_code& error) noexcept;

/// The error as text, with advice where an operator can do something about it.
std::string with_advice(const boost::system::error_code& error);

}  // namespace connector
