#include "tests/integration/vectors.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace integration {

boost::json::value load_vectors(const std::string& name) {
    std::ifstream file{std::string{ILPD_VECTORS} + "/" + name, std::ios::binary};
    if (!file) throw std::runtime_error{"cannot read the vectors " + name};
    return boost::json::parse(std::string{std::istreambuf_iterator<char>{file}, {}});
}

}  // namespace integration
