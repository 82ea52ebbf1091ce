#include "connector/loop/buffer_memory.hpp"

#include <algorithm>
#include <iterator>

namespace connector {

buffer_memory::user::user(buffer_memory& memory)
    : memory_{memory}, place_{memory.users_.size()}, number_{++memory.last_number_} {
    memory.users_.push_back(this);
}

buffer_memory::user::~user() {
    memory_.used_ -= bytes_;
    memory_.users_[place_] = memory_.users_.back();
    memory_.users_[place_]->place_ = place_;
    memory_.users_.pop_back();
}

buffer_memory::relief buffer_memory::relieve() {
    std::vector<user*> largest;
    std::ranges::copy_if(users_, std::back_inserter(largest), [](const user* each) { return each->bytes_ > little; });
    std::size_t of_strangers = 0;
    for (const user* const each : largest) {
        if (each->is_of_stranger()) of_strangers += each->bytes_;
    }
    const bool strangers_first = of_strangers > bound_ / 2;  // not always: one peer could keep all newcomers out
    std::ranges::sort(largest, [strangers_first](const user* a, const user* b) {
        if (strangers_first && a->is_of_stranger() != b->is_of_stranger()) return a->is_of_stranger();
        if (a->leaves_doubt() != b->leaves_doubt()) return b->leaves_doubt();
        return a->bytes_ != b->bytes_ ? a->bytes_ > b->bytes_ : a->number_ < b->number_;
    });
    relief done;
    const std::size_t wanted = used_ - std::min(used_, bound_ - bound_ / 8);
    for (user* const each : largest) {
        if (done.bytes >= wanted) break;
        ++done.connections;
        done.bytes += each->bytes_;
        each->shed();
    }
    return done;
}

}  // namespace connector
