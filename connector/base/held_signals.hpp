#pragma once

namespace connector {

/// From now on, the signals that control the daemon (SIGHUP, SIGTERM, SIGINT, SIGQUIT) wait instead of ending it, in
/// this thread and in those that it starts. Call it before anything that takes time.
void hold_signals() noexcept;

/// This thread gets the signals that have come meanwhile, and all later ones; the others never get them.
void release_signals() noexcept;

}  // namespace connector
