#include "dividere/messaging/detail/series.hpp"

#include <doctest/doctest.h>

using dividere::detail::SeriesBook;
using dividere::detail::SeriesNumbers;

TEST_CASE("numbers of a series are counted from its first message on") {
  SeriesBook book;
  CHECK(book.note(1, "a", 7).missed == 0);
  CHECK(book.note(1, "a", 8).missed == 0);
  CHECK(book.note(1, "a", 12).missed == 3);
  CHECK(book.note(1, "a", 13).missed == 0);
}

TEST_CASE("each publisher, and each series of one, is counted by itself") {
  SeriesBook book;
  book.note(1, "a", 1);
  CHECK(book.note(2, "a", 9).missed == 0);
  CHECK(book.note(1, "b", 5).missed == 0);
  CHECK(book.note(1, "a", 3).missed == 1);
  CHECK(book.note(2, "a", 10).missed == 0);
}

TEST_CASE("a number that has come before, or that a later one has overtaken, is not new") {
  SeriesBook book;
  CHECK(book.note(1, "a", 5).isNew);
  CHECK_FALSE(book.note(1, "a", 5).isNew);
  CHECK_FALSE(book.note(1, "a", 4).isNew);
  CHECK(book.note(1, "a", 6).isNew);
}

TEST_CASE("the next number of the series noted last is noted without a look-up, and no other one") {
  SeriesBook book;
  book.note(1, "a", 7);
  CHECK(book.latest() == "a");
  CHECK(book.noteNext(1, 8));
  CHECK_FALSE(book.noteNext(1, 8));
  CHECK_FALSE(book.noteNext(1, 10));
  CHECK_FALSE(book.noteNext(2, 9));
  CHECK(book.note(1, "a", 10).missed == 1);
}

TEST_CASE("a change of the series noted last can be seen") {
  SeriesBook book;
  book.note(1, "a", 1);
  const std::uint64_t changes = book.changes();
  book.note(1, "a", 2);
  CHECK(book.changes() == changes);
  book.note(1, "b", 1);
  CHECK(book.changes() != changes);
  CHECK(book.latest() == "b");
  CHECK_FALSE(book.noteNext(1, 3));
}

TEST_CASE("of more series than are kept, the one heard longest ago is forgotten") {
  SeriesBook book;
  book.note(1, "first", 1);
  book.note(1, "second", 1);
  book.note(1, "first", 2);
  for (std::uint32_t i = 0; i < SeriesBook::kMost - 1; ++i) book.note(i, "other", 1);
  CHECK(book.note(1, "first", 5).missed == 2);
  CHECK(book.note(1, "second", 5).missed == 0);
}

TEST_CASE("a publisher's numbers go on where they were, whichever series was asked for in between") {
  SeriesNumbers numbers;
  CHECK(++numbers.last("a") == 1);
  CHECK(++numbers.last("b") == 1);
  CHECK(++numbers.last("a") == 2);
  CHECK(numbers.last("b") == 1);
}
