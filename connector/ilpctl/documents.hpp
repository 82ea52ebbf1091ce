#pragma once

#include <string_view>

/// Every GraphQL document that ilpctl sends. Each contains one operation with one field; values are passed as
/// variables.
namespace connector::ilpctl::documents {

struct document {
    std::string_view field;  ///< field of Query or Mutation that holds the answer in `data`
    std::string_view text;
};

extern const document status;
extern const document cluster;
extern const document tenants;
extern const document tenant;

extern const document assets;
extern const document asset;
extern const document asset_by_unit;
extern const document create_asset;
extern const document update_asset;
extern const document delete_asset;

/// A peer's outgoing token is requested only if `$secrets` is true.
extern const document peers;
extern const document peer;
extern const document traffic;
extern const document create_peer;
extern const document add_peer_by_url;
extern const document update_peer;
extern const document delete_peer;
extern const document set_peer_enabled;

extern const document receiving_accounts;
extern const document receiving_account;
extern const document receiving_account_by_name;
extern const document create_receiving_account;
extern const document update_receiving_account;
extern const document delete_receiving_account;

extern const document payments;
extern const document payment;
extern const document create_payment;
extern const document cancel_payment;

extern const document deposit_peer;
extern const document deposit_asset;
extern const document deposit_receiving_account;
extern const document correct_peer;
extern const document agree_peer;
extern const document withdraw_peer;
extern const document withdraw_asset;
extern const document withdraw_receiving_account;
extern const document post_withdrawal;
extern const document void_withdrawal;
extern const document transfers;

extern const document routes;
extern const document route;
extern const document events;
extern const document ping;
extern const document examine_peer;
extern const document whoami;

}  // namespace connector::ilpctl::documents
