#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store/scripted_run.hpp"
#include "tests/unit/peering/store/sqlite/faulty_vfs.hpp"
#include "tests/unit/peering/store_place.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

namespace store_faults_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

// One store call fails in a short life of a daemon: each call in turn, in each way.

namespace {

enum class fault { error_before, error_after, final_error, delay };

/// The full contents of a transaction, so that two can be compared.
std::string text_of(const changes& changes) {
    std::string text;
    const auto add = [&](auto... values) { ((text += std::to_string(values) + ' '), ...); };
    const auto add_amount = [&](wide_amount amount) {
        wide_amount_buffer buffer;
        text += to_text(amount, buffer);
        text += ' ';
    };
    for (const asset_record& asset : changes.new_assets) text += asset.uuid;
    for (const peer_record& peer : changes.new_peers) text += peer.uuid;
    for (const posting& posting : changes.postings) {
        add(std::to_underlying(posting.debit->id), std::to_underlying(posting.credit->id), posting.packets);
        add_amount(posting.amount);
    }
    for (const auto transfers : {changes.new_transfers, changes.ended_transfers}) {
        for (const transfer_record& transfer : transfers) {
            text += transfer.uuid;
            add(std::to_underlying(transfer.state), transfer.amount.value);
        }
        text += '/';
    }
    for (const account_change& account : changes.accounts) {
        add(std::to_underlying(account.id));
        for (const account_totals& totals : {account.before, account.after}) {
            add_amount(totals.debits_posted);
            add_amount(totals.credits_posted);
        }
    }
    for (const event_record& event : changes.new_events) text += event.uuid + event.data;
    return text;
}

/// Makes the n-th call since arm() fail, counting calls of all kinds. After an error that occurred once everything had
/// been written, it follows the contract of commit(): the next changes must be the same again and are not written
/// twice.
class faulty_store final : public store_decorator {
public:
    using store_decorator::store_decorator;

    void arm(int at, fault kind) {
        at_ = at;
        kind_ = kind;
        calls_ = 0;
    }
    int calls() const noexcept { return calls_; }
    bool was_repeated_wrongly() const noexcept { return repeated_wrongly_; }

    std::expected<catalogue, store_error> load() override {
        return disturb([&] { return store_decorator::load(); });
    }
    std::expected<void, store_error> commit(const changes& changes) override {
        if (!in_doubt_.empty()) {
            if (text_of(changes) != in_doubt_) repeated_wrongly_ = true;
            if (std::exchange(is_written_, false)) {
                in_doubt_.clear();
                ++calls_;
                return {};
            }
            in_doubt_.clear();
        }
        const int call = calls_ + 1;
        auto result = disturb([&] { return store_decorator::commit(changes); });
        if (call == at_ && !result && !result.error().final) {
            in_doubt_ = text_of(changes);
            is_written_ = kind_ == fault::error_after;
        }
        return result;
    }
    std::expected<void, store_error> ping() override {
        return disturb([&] { return store_decorator::ping(); });
    }
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override {
        return disturb([&] { return store_decorator::find_transfer(uuid); });
    }
    std::expected<std::vector<pending_event>, store_error> load_pending_events(event_line line,
                                                                               std::size_t limit) override {
        return disturb([&] { return store_decorator::load_pending_events(line, limit); });
    }

private:
    template <class Call>
    auto disturb(Call call) -> decltype(call()) {
        if (++calls_ != at_) return call();
        switch (kind_) {
            case fault::error_before:
                break;
            case fault::final_error:
                return std::unexpected{store_error{"injected", true}};
            case fault::error_after:
                if (auto done = call(); !done) return done;
                break;
            case fault::delay:
                std::this_thread::sleep_for(5ms);
                return call();
        }
        return std::unexpected{store_error{"injected"}};
    }

    int at_ = 0;
    fault kind_{};
    std::atomic<int> calls_ = 0;
    std::string in_doubt_;  // the changes that must come next; empty if any are allowed
    bool is_written_ = false;
    bool repeated_wrongly_ = false;
};

}  // namespace

TEST_CASE("whichever call to the store fails, nothing is lost and nothing is doubled") {
    const fault kind = GENERATE(fault::error_before, fault::error_after, fault::final_error, fault::delay);
    CAPTURE(static_cast<int>(kind));
    const faulty_vfs fast_disk;
    std::vector<store_picture> expected;
    int calls = 0;
    {
        const store_place place{store_kind::sqlite};
        expected = undisturbed_run(*place.open());
    }
    REQUIRE(expected.size() == scripted_run::steps);
    REQUIRE(expected.back().events == 2);
    REQUIRE(expected.back().transfers.size() == 4);
    for (int at = 1; calls == 0 || at <= calls; ++at) {
        CAPTURE(at);
        const store_place place{store_kind::sqlite};
        {
            faulty_store store{place.open()};
            scripted_run run{store};
            store.arm(at, kind);
            REQUIRE(run.run());
            calls = std::max(calls, store.calls());
            CHECK(run.commits().stop(10s));
            CHECK(run.commits().store_is_healthy());
            CHECK_FALSE(store.was_repeated_wrongly());
            CHECK(agrees_with(run.accounts(), expected.back()));
        }
        CHECK(picture_of(*place.open()) == expected.back());
        CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
    }
    CHECK(calls > scripted_run::steps);
}

TEST_CASE("if any call fails at the start, the daemon does not start, and the next attempt succeeds") {
    const fault kind = GENERATE(fault::error_before, fault::error_after, fault::final_error);
    const faulty_vfs fast_disk;
    const store_place reference{store_kind::sqlite};
    const store_picture expected = undisturbed_run(*reference.open()).back();
    bool failed = true;
    for (int at = 1; failed; ++at) {
        CAPTURE(static_cast<int>(kind), at);
        const store_place place{store_kind::sqlite};
        {
            faulty_store store{place.open()};
            store.arm(at, kind);
            failed = false;
            try {
                const scripted_run run{store};
            } catch (const std::exception&) {
                failed = true;
            }
            CHECK(failed == (store.calls() >= at));
        }
        const auto store = place.open();
        scripted_run run{*store};
        REQUIRE(run.run());
        CHECK(run.commits().stop(10s));
        CHECK(picture_of(*store) == expected);
        CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
        REQUIRE(at < 100);
    }
}

}  // namespace store_faults_test
