#include "dividere/core/detail/text.hpp"

#include <doctest/doctest.h>

#include <string>

using dividere::detail::asUtf8;
using dividere::detail::cut;
using dividere::detail::kLongestText;
using dividere::detail::shown;

TEST_CASE("a text that a peer chose is shown in printable ASCII, and cut") {
  CHECK(shown("Msg01") == "Msg01");
  CHECK(shown(std::string("a\0\n\x1B\x7F\xFFz", 7)) == "a?????z");
  CHECK(shown(std::string(160, 'x')) == std::string(160, 'x'));
  CHECK(shown(std::string(161, 'x')) == std::string(160, 'x') + "...");
}

TEST_CASE("a text for a peer stays as it is where it is UTF-8") {
  for (const char* text : {"", "plain", "\xC3\xBC", "\xE6\xBC\xA2", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    CHECK(asUtf8(text) == text);
  }
}

TEST_CASE("a text for a peer has a question mark for each byte that is no UTF-8") {
  CHECK(asUtf8("a\xFFz") == "a?z");
  CHECK(asUtf8("\xC3") == "?");                 // cut short
  CHECK(asUtf8("\xC0\x80") == "??");            // longer than it needs to be
  CHECK(asUtf8("\xED\xA0\x80") == "???");       // half of a UTF-16 pair
  CHECK(asUtf8("\xF4\x90\x80\x80") == "????");  // beyond the last character
}

TEST_CASE("a text for a peer is cut between two characters") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xE6\xBC\xA2";
  const std::string cut = asUtf8(text);
  REQUIRE(cut.size() < 4100);
  CHECK(cut.size() % 3 == 0);
  CHECK(cut.substr(cut.size() - 3) == "...");
  CHECK(asUtf8(cut) == cut);
}

TEST_CASE("a text is cut between two characters, and where it is too long alone") {
  CHECK(cut("short") == "short");
  CHECK(cut(std::string(kLongestText, 'x')) == std::string(kLongestText, 'x'));
  CHECK(cut(std::string(kLongestText + 1, 'x')) == std::string(kLongestText - 3, 'x') + "...");
  std::string wide = "x";  // so that no character ends where it is cut
  while (wide.size() < 2 * kLongestText) wide += "\xF0\x9F\x98\x80";
  CHECK(cut(wide).size() <= kLongestText);
  CHECK(asUtf8(cut(wide)) == cut(wide));
  CHECK(cut(std::string(2 * kLongestText, '\x80')).size() <= kLongestText);
}
