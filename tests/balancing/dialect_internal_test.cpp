#include "dividere/balancing/detail/dialect.hpp"

#include "kit.hpp"

using namespace kit;
using dividere::detail::AttemptToken;
using dividere::detail::Dialect;
using dividere::detail::looksLikeEnvelope;
using dividere::detail::readCaller;
using dividere::detail::readSignal;
using dividere::detail::Signal;
using dividere::detail::writeCaller;
using dividere::detail::writeSignal;

TEST_CASE("signals in plain bytes are single bytes") {
  CHECK(writeSignal({Signal::Kind::registration, Dialect::bytes}, "id") == "\x01");
  CHECK(writeSignal({Signal::Kind::heartbeat, Dialect::bytes}, "id") == "\x02");
  CHECK(readSignal("\x01").kind == Signal::Kind::registration);
  CHECK(readSignal("\x02").kind == Signal::Kind::heartbeat);
  for (const char* junk : {"", "\x03", "\x01\x01", "x"}) CHECK(readSignal(junk).kind == Signal::Kind::none);
}

TEST_CASE("a signal is short: what is long is none, whatever it begins with") {
  CHECK(readSignal(heartbeat(std::string(900, 'x'))).kind == Signal::Kind::heartbeat);
  CHECK(readSignal(heartbeat(std::string(1024, 'x'))).kind == Signal::Kind::none);
}

TEST_CASE("typed signals are what generated code makes of proto/dividere.proto") {
  Signal signal{Signal::Kind::heartbeat, Dialect::typed};
  CHECK(writeSignal(signal, "abc") == heartbeat("abc"));
  signal.capacity = 7;
  signal.isRegistration = true;
  signal.isGoodbye = true;
  Heartbeat same;
  same.set_id("abc");
  same.set_capacity(7);
  same.set_registration(true);
  same.set_goodbye(true);
  CHECK(writeSignal(signal, "abc") == envelope(same));
  const Signal read = readSignal(envelope(same));
  CHECK(read.kind == Signal::Kind::heartbeat);
  CHECK(read.dialect == Dialect::typed);
  CHECK(read.capacity == 7);
  CHECK(read.isRegistration);
  CHECK(read.isGoodbye);
}

TEST_CASE("whose request it is stands behind the token, as generated code writes it") {
  Caller same;
  same.set_name("client");
  same.set_key(std::string(40, 'k'));
  same.set_address("10.0.0.7");
  const std::string written = writeCaller({"client", std::string(40, 'k'), "10.0.0.7"});
  CHECK(written == same.SerializeAsString());
  const dividere::Peer read = readCaller(written);
  CHECK(read.name == "client");
  CHECK(read.key == std::string(40, 'k'));
  CHECK(read.address == "10.0.0.7");
  CHECK(readCaller("junk").name.empty());

  const std::string token = AttemptToken().next();
  CHECK(token.size() == AttemptToken::kLength);
  CHECK(!AttemptToken::isOursWithCaller(token));
  CHECK(AttemptToken::isOursWithCaller(token + written));
  CHECK(!AttemptToken::isOursWithCaller(std::string(25, 'x') + written));
}

TEST_CASE("an old worker's Heartbeat says nothing more") {
  const Signal read = readSignal(heartbeat("abc"));
  CHECK(read.kind == Signal::Kind::heartbeat);
  CHECK(read.capacity == 0);
  CHECK(!read.isRegistration);
  CHECK(!read.isGoodbye);
  CHECK(readSignal(envelope(msg01("x"))).kind == Signal::Kind::none);
}

TEST_CASE("an envelope is known by its form") {
  CHECK(looksLikeEnvelope(envelope(msg01("x"))));
  CHECK(looksLikeEnvelope(envelope(msg01(""))));
  CHECK(!looksLikeEnvelope(""));
  CHECK(!looksLikeEnvelope("plain"));
  CHECK(!looksLikeEnvelope(msg01("x").SerializeAsString()));
  CHECK(!looksLikeEnvelope(envelope(msg01("x")).substr(0, 10)));
}

TEST_CASE("no two attempts have the same name, whichever broker made them") {
  AttemptToken one, other;
  const std::string a = one.next(), b = one.next(), c = other.next();
  CHECK(a != b);
  CHECK(a != c);
  for (const std::string& token : {a, b, c}) CHECK(AttemptToken::isOurs(token));
  CHECK(!AttemptToken::isOurs("client"));
  CHECK(!AttemptToken::isOurs(""));
  CHECK(!AttemptToken::isOurs(std::string(a.size(), 'x')));
}
