#include "connector/transport/fair_turns.hpp"

#include <algorithm>

namespace connector {

bool turn_share::has_left() {
    if (turn_ != turns_.turn_) {
        turn_ = turns_.turn_;
        recent_users& users = turns_.users_;
        const bool are_others_busy =
            user_ == turn_user::peer ? users.note(peer_, turns_.now_) : users.has_others(peer_, turns_.now_);
        left_ = std::min(most_, are_others_busy ? fair_turns::pieces : fair_turns::pieces_alone);
    }
    return left_ != 0;
}

bool turn_share::try_take(turn_taker& taker) {
    if (taker.is_waiting()) return false;
    if (waiting_.empty() && has_left()) {
        --left_;
        return true;
    }
    waiting_.push_back(taker);
    if (!is_linked()) turns_.waiting_.push_back(*this);
    return false;
}

void fair_turns::serve_waiting() {
    decltype(waiting_) served;
    served.swap(waiting_);
    while (!served.empty()) {
        turn_share& share = served.front();
        served.pop_front();
        while (!share.waiting_.empty() && share.has_left()) {
            --share.left_;
            turn_taker& next = share.waiting_.front();
            share.waiting_.pop_front();
            next.on_turn();
        }
        if (!share.waiting_.empty() && !share.is_linked()) waiting_.push_back(share);
    }
}

}  // namespace connector
