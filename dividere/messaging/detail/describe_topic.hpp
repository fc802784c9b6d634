#pragma once

// The topic by which a Publisher is asked what it is, and to which it replies: field 109 of an envelope (doc/wire.md).

#include <string>
#include <string_view>

namespace dividere::detail {

/// One that nobody else has. `knownHash` of 8 bytes says what files need not be sent; another one counts for nothing.
std::string makeDescribeTopic(std::string_view knownHash);

/// Whether it is one; `knownHash` is empty if it says none.
bool readDescribeTopic(std::string_view topic, std::string_view& knownHash);

/// Whoever subscribes to this looks how old messages are: the Publisher stamps them as long as somebody does.
const std::string& stampTopic();

}  // namespace dividere::detail
