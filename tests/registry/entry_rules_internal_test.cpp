#include "dividere/registry/detail/entry_rules.hpp"

#include <doctest/doctest.h>

#include <string>

#include "dividere/connection/detail/endpoint.hpp"
#include "dividere/registry/detail/own_address.hpp"
#include "support/thrown.hpp"

namespace detail = dividere::detail;

TEST_CASE("a service may have any printable name") {
  for (const std::string& name :
       {std::string("x"), std::string("serviceTests.MyService"), std::string("ns.Of<int, char*>"),
        std::string("Gr\xC3\xBC\xC3\x9F"
                    "e"),
        std::string(255, 'a')}) {
    CAPTURE(name);
    CHECK(detail::faultInServiceName(name) == "");
  }
}

TEST_CASE("a name that is empty, too long or not to be printed is refused in words") {
  CHECK(detail::faultInServiceName("") == "name is empty");
  CHECK(detail::faultInServiceName(std::string(256, 'a')) == "name has 256 bytes, more than 255");
  CHECK(detail::faultInServiceName("two\nlines") == "name 'two?lines' has a control character");
  CHECK(detail::faultInServiceName(std::string("a\0b", 3)) == "name 'a?b' has a control character");
  CHECK(detail::faultInServiceName("\xFF") == "name '?' is not UTF-8");
}

TEST_CASE("a host is a host name or an IP address") {
  for (const std::string& host :
       {std::string("localhost"), std::string("a"), std::string("my-host.example"), std::string("example."),
        std::string("container_1"), std::string("3com.example"), std::string("192.0.2.7"), std::string("::1"),
        std::string("[2001:db8::7]"), std::string("fe80::1%eth0"), std::string("::ffff:192.0.2.7"),
        std::string(63, 'l') + "." + std::string(63, 'l') + "." + std::string(63, 'l') + "." + std::string(61, 'l')}) {
    CAPTURE(host);
    CHECK(detail::faultInHost(host) == "");
    CHECK(support::codeOf([&] { detail::parseEndpoint("test", detail::tcpEndpoint(host, 5100), false); }) ==
          std::error_code());
  }
}

TEST_CASE("what cannot be a host is refused") {
  for (const std::string& host :
       {std::string(),
        std::string("not a host"),
        std::string("*"),
        std::string("."),
        std::string(".."),
        std::string("a..b"),
        std::string(".a"),
        std::string("-a"),
        std::string("a-"),
        std::string("a.-b"),
        std::string("a/b"),
        std::string("a;b"),
        std::string("tcp://a"),
        std::string("a:1"),
        std::string("1.2.3"),
        std::string("300.1.1.1"),
        std::string("1.2.3.4.5"),
        std::string("["),
        std::string("[]"),
        std::string("[:"),
        std::string("[::1"),
        std::string("::1]"),
        std::string(":::"),
        std::string("::1%"),
        std::string("::1%a b"),
        std::string("g::1"),
        std::string("\xC3\xBC.example"),
        std::string("unavailable"),
        std::string("0.0.0.0"),
        std::string("::"),
        std::string("[0::0]"),
        std::string(64, 'l'),
        std::string("1.2.3.4\0junk", 12),
        std::string("::1\0junk", 8),
        std::string("a\0b", 3),
        std::string(63, 'l') + "." + std::string(63, 'l') + "." + std::string(63, 'l') + "." + std::string(62, 'l')}) {
    CAPTURE(host);
    CHECK(detail::faultInHost(host) != "");
  }
}

TEST_CASE("an error about a name or host says whose it is and what is wrong") {
  using support::codeOf;
  using support::contains;
  using support::whatOf;
  const auto name = [] { detail::requireServiceName("registry::Client: look up", std::string(256, 'a')); };
  CHECK(codeOf(name) == std::errc::invalid_argument);
  CHECK(contains(whatOf(name), "registry::Client: look up: the name has 256 bytes, more than 255"));
  const auto host = [] { detail::requireHost("service::Service", "advertise", "no host"); };
  CHECK(codeOf(host) == std::errc::invalid_argument);
  CHECK(contains(whatOf(host), "service::Service: advertise: the host 'no host' is no host name and no address"));
}
