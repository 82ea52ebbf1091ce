#include "connector/rates/rate_answer.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace connector {
namespace {

namespace json = boost::json;
using boost::system::error_code;

/// Receives the parse events of the document. Only members of the document itself and of its "rates" object count.
class handler {
public:
    static constexpr std::size_t max_array_size = rate_answer_size_max;
    static constexpr std::size_t max_object_size = rate_answer_size_max;
    static constexpr std::size_t max_string_size = rate_answer_size_max;
    static constexpr std::size_t max_key_size = rate_answer_size_max;

    explicit handler(std::string_view base) : base_{base} {}

    std::expected<rate_answer, std::string> finish() && {
        if (!has_base_) return std::unexpected{"has no \"base\""};
        if (!has_rates_) return std::unexpected{"has no \"rates\""};
        return std::move(answer_);
    }
    const std::string& fault() const { return fault_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_comment_part(std::string_view, error_code&) { return true; }
    bool on_comment(std::string_view, error_code&) { return true; }

    bool on_key_part(std::string_view part, std::size_t, error_code&) { return keep(part); }
    bool on_key(std::string_view part, std::size_t, error_code&) {
        text_ += part;
        std::string key = std::exchange(text_, {});
        if (depth_ == 1) {
            member_ = std::move(key);
        } else if (depth_ == 2) {
            quote_ = std::move(key);
        }
        return true;
    }

    bool on_object_begin(error_code& error) {
        if (depth_ == 0 || is_ignored()) return enter();
        if (depth_ != 1) return odd("an object") && enter();
        if (member_ != "rates") return unexpected_value(error);
        if (has_rates_) return fail(error, "has two \"rates\"");
        has_rates_ = in_rates_ = true;
        return enter();
    }
    bool on_object_end(std::size_t, error_code&) {
        if (--depth_ == 1) in_rates_ = false;
        return true;
    }
    bool on_array_begin(error_code& error) {
        if (is_ignored() || (in_rates_ && odd("a list"))) return enter();
        return unexpected_value(error);
    }
    bool on_array_end(std::size_t, error_code&) {
        --depth_;
        return true;
    }

    bool on_string_part(std::string_view part, std::size_t, error_code&) { return keep(part); }
    bool on_string(std::string_view part, std::size_t, error_code& error) {
        text_ += part;
        const std::string text = std::exchange(text_, {});
        if (is_ignored()) return true;
        if (in_rates_) return odd("a text");
        if (depth_ != 1 || member_ != "base") return unexpected_value(error);
        if (has_base_) return fail(error, "has two \"base\"");
        if (text != base_) return fail(error, fmt::format("is for the base {}", shortened(text)));
        has_base_ = true;
        return true;
    }

    bool on_number_part(std::string_view part, error_code&) { return keep(part); }
    bool on_int64(std::int64_t, std::string_view part, error_code& error) { return number(part, error); }
    bool on_uint64(std::uint64_t, std::string_view part, error_code& error) { return number(part, error); }
    bool on_double(double, std::string_view part, error_code& error) { return number(part, error); }

    bool on_bool(bool value, error_code& error) {
        return is_ignored() || (in_rates_ ? odd(value ? "true" : "false") : unexpected_value(error));
    }
    bool on_null(error_code& error) { return is_ignored() || (in_rates_ ? odd("null") : unexpected_value(error)); }

private:
    static std::string_view shortened(std::string_view text) { return text.substr(0, 64); }

    bool is_ignored() const {
        if (depth_ == 0) return false;
        if (depth_ == 1) return member_ != "base" && member_ != "rates";
        return depth_ > 2 || !in_rates_;
    }

    bool keep(std::string_view part) {
        text_ += part;
        return true;
    }
    bool enter() {
        ++depth_;
        return true;
    }

    bool number(std::string_view last, error_code& error) {
        text_ += last;
        const std::string text = std::exchange(text_, {});
        if (is_ignored()) return true;
        if (!in_rates_) return unexpected_value(error);
        const auto rate = ilp::parse_rate(text);
        if (!rate) return odd(shortened(text));
        // All rates of the answer would then mean something else.
        if (quote_ == base_ && *rate != ilp::rate{}) return fail(error, "has a rate other than 1 for the base itself");
        if (answer_.odd.contains(quote_)) return true;
        if (!answer_.rates.emplace(quote_, *rate).second) {
            return refuse_entry(fmt::format("has two rates for {}", shortened(quote_)));
        }
        return true;
    }

    /// The current entry of "rates" is not a usable rate.
    bool odd(std::string_view found) {
        return refuse_entry(fmt::format("has {} as the rate for {}", found, shortened(quote_)));
    }
    bool refuse_entry(const std::string& why) {
        answer_.rates.erase(quote_);
        answer_.odd.try_emplace(quote_, why);
        return true;
    }

    bool unexpected_value(error_code& error) {
        if (depth_ == 0) return fail(error, "is not a JSON object");
        return fail(error, fmt::format("has a value of the wrong type for \"{}\"", member_));
    }

    bool fail(error_code& error, std::string why) {
        fault_ = std::move(why);
        error = json::error::exception;
        return false;
    }

    const std::string_view base_;
    rate_answer answer_;
    bool has_base_ = false;
    bool has_rates_ = false;

    int depth_ = 0;          // number of open objects and arrays
    bool in_rates_ = false;  // inside the object "rates"; what is nested deeper is ignored
    std::string member_;     // current member of the document
    std::string quote_;      // current member of "rates"
    std::string text_;       // of a key or value that arrives in parts
    std::string fault_;
};

}  // namespace

std::expected<rate_answer, std::string> parse_rates(std::string_view body, std::string_view base) {
    if (body.size() > rate_answer_size_max) return std::unexpected{"is too large"};
    json::basic_parser<handler> parser{json::parse_options{}, base};
    error_code error;
    const std::size_t read = parser.write_some(false, body.data(), body.size(), error);
    if (!parser.handler().fault().empty()) return std::unexpected{parser.handler().fault()};
    if (error) return std::unexpected{fmt::format("is not JSON: {}", error.message())};
    if (read != body.size()) return std::unexpected{"continues after the JSON"};
    return std::move(parser.handler()).finish();
}

}  // namespace connector
