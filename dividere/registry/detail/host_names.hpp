#pragma once

// Host names of registries' entries.

#include <functional>
#include <memory>
#include <string>

namespace dividere::detail {

/// Calls `found` once this host is known to be found: for an address at once, in this thread; for a name when the system's
/// resolver has found it, in another thread. Tries again every 5 s until then, or until `wanted` is gone. Any thread.
///
/// libzmq looks names up in its I/O thread, where one that takes seconds holds up every socket of the process: so what a
/// registry lists is looked up before. Four at a time; of more than 1000 that wait the last are passed over.
void whenHostIsFound(const std::string& host, std::weak_ptr<const void> wanted, std::function<void()> found);

}  // namespace dividere::detail
