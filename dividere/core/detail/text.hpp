#pragma once

// Texts that go from one side to the other, made fit for where they go.

#include <string>
#include <string_view>

namespace dividere::detail {

/// A name or text that a peer chose, cut and cleaned to be shown in an error or in the log.
std::string shown(std::string_view text);

/// A text of this side, fit for a protobuf string: what is not UTF-8 is replaced, and it is cut after some thousand
/// bytes.
std::string asUtf8(std::string_view text);

}  // namespace dividere::detail
