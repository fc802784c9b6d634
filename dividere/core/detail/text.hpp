#pragma once

// Texts that go from one side to the other, made fit for where they go.

#include <string>
#include <string_view>

namespace dividere::detail {

/// What a text in an error or in the log may have: no peer, and no message of any size, makes it longer.
constexpr std::size_t kLongestText = 4000;

/// The text, cut between two characters if it is longer than kLongestText; then it ends in "...".
std::string cut(std::string_view text);

/// A name or text that a peer chose, cut to some words and cleaned to be shown in an error or in the log.
std::string shown(std::string_view text);

/// A text of this side, fit for a protobuf string: what is not UTF-8 is replaced, and it is cut as by cut().
std::string asUtf8(std::string_view text);

/// What goes between the quotes of a label, in Prometheus's format.
std::string escapedLabel(std::string_view text);

}  // namespace dividere::detail
