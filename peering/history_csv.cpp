#include "peering/history_csv.hpp"

#include "peering/open_store.hpp"
#include "peering/records/text.hpp"
#include "peering/store/record_text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace peering {
namespace {

/// Quotes the field. Names of peers may contain any character, and in a damaged store control characters as well.
std::string in_quotes(std::string_view field) {
    std::string text = "\"";
    for (const char c : field) {
        if (c == '"') text += '"';
        const auto code = static_cast<unsigned char>(c);
        text += code < ' ' || code == 0x7f ? '?' : c;
    }
    return text += '"';
}

class csv_writer final : public history_visitor {
public:
    csv_writer(const history_range& range, std::FILE* file) : range_{range}, file_{file} {}

    void account(account_id account, std::string_view owner, std::string_view asset) override {
        accounts_.insert_or_assign(account, names{in_quotes(owner), in_quotes(asset)});
    }

    bool transfer(const listed_transfer& transfer) override {
        const ilp::timestamp time = transfer.sum_of_day.value_or(transfer.created_at);
        if ((range_.from && time < *range_.from) || (range_.until && time >= *range_.until)) return true;
        begin();
        ++rows_;
        const names& debit = names_of(transfer.debit);
        const names& credit = names_of(transfer.credit);
        wide_amount_buffer digits;
        return write(
            fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", transfer.number, iso_text(transfer.created_at),
                        transfer.sum_of_day ? day_text(*transfer.sum_of_day) : std::string{},
                        transfer.kind ? to_text(*transfer.kind) : std::string_view{"packets"}, to_text(transfer.state),
                        debit.owner, credit.owner, debit.asset, to_text(transfer.amount, digits), transfer.packets,
                        transfer.uuid.empty() ? std::string{} : in_quotes(transfer.uuid),
                        transfer.expires_at ? iso_text(*transfer.expires_at) : std::string{}));
    }

    /// Returns why the file could not be written; 0 if it could be.
    int finish() {
        begin();
        if (error_ == 0 && std::fflush(file_) != 0) error_ = errno;
        return error_;
    }

    std::uint64_t rows() const noexcept { return rows_; }

private:
    struct names {
        std::string owner;
        std::string asset;
    };

    /// Nothing is written for a store that cannot be read.
    void begin() {
        if (std::exchange(has_begun_, true)) return;
        write("number,created_at,sum_of_day,type,state,debit,credit,asset,amount,packets,id,expires_at\n");
    }

    /// A damaged store may name accounts that it does not have.
    const names& names_of(account_id account) {
        const auto found = accounts_.find(account);
        if (found != accounts_.end()) return found->second;
        this->account(account, fmt::format("account {}", std::to_underlying(account)), "");
        return accounts_.at(account);
    }

    bool write(std::string_view text) {
        if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) error_ = errno;
        return error_ == 0;
    }

    const history_range range_;
    std::FILE* const file_;
    std::unordered_map<account_id, names> accounts_;
    std::uint64_t rows_ = 0;
    bool has_begun_ = false;
    int error_ = 0;
};

}  // namespace

std::expected<std::uint64_t, store_error> write_history_csv(const std::string& url, const history_range& range,
                                                            std::FILE* file) {
    csv_writer writer{range, file};
    if (auto read = read_history(url, writer); !read) return std::unexpected{std::move(read).error()};
    if (const int error = writer.finish(); error != 0) {
        return std::unexpected{store_error{"cannot write the export: " + std::generic_category().message(error)}};
    }
    return writer.rows();
}

}  // namespace peering
