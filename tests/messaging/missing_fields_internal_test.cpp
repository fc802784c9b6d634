#include "dividere/messaging/detail/missing_fields.hpp"

#include <doctest/doctest.h>

#include <string>

#include "required.pb.h"

using dividere::detail::missingFields;

TEST_CASE("the required fields that a message lacks are named, wherever they are") {
  CHECK(missingFields(Order()) == "id, count");
  Order order;
  order.set_id("A1");
  order.mutable_next()->mutable_next()->set_count(1);
  CHECK(missingFields(order) == "count, next.id, next.count, next.next.id");

  Basket basket;
  CHECK(missingFields(basket).empty());
  (*basket.mutable_weight())["flour"] = 1;
  basket.add_order()->set_id("A1");
  basket.mutable_order(0)->set_count(1);
  basket.add_order()->set_id("A2");
  (*basket.mutable_by_name())["first"].set_id("A3");
  CHECK(missingFields(basket) == "order[1].count, by_name[0].value.count");
}

TEST_CASE("of many fields that are missing, and of such that lie deep, the first are named") {
  Basket basket;
  for (int i = 0; i < 10000; ++i) basket.add_order();
  const std::string many = missingFields(basket);
  CHECK(many.substr(0, 28) == "order[0].id, order[0].count,");
  CHECK(many.size() < 300);
  CHECK(many.substr(many.size() - 3) == "...");

  Order chain;
  Order* last = &chain;
  for (int i = 0; i < 90; ++i) {
    last->set_id("x");
    last->set_count(1);
    last = last->mutable_next();
  }
  const std::string deep = missingFields(chain);
  CHECK(deep.substr(0, 10) == "next.next.");
  CHECK(deep.size() < 100);
}
