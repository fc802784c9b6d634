// What may be a handler, and what the hooks may take.

#include "kit.hpp"
#include "messaging/fields.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::messaging::Request;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

namespace {

std::string reversed(const std::string& text) { return std::string(text.rbegin(), text.rend()); }

/// What a reactor with this handler replies.
template <class F>
std::string answerOf(F handler, const Msg01& message = msg01("abc")) {
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on(std::move(handler));
  reactor.start();
  Request request(endpoint);
  return ask(request, message);
}

Msg01 reverse(const Msg01& message) { return msg01(reversed(message.field1())); }
Msg01 reverseNoexcept(const Msg01& message) noexcept { return msg01(reversed(message.field1())); }
void reverseBySender(const Msg01& message, Sender& sender) { sender.send(msg01(reversed(message.field1()))); }

struct Callable {
  Msg01 operator()(const Msg01& message) const { return msg01(reversed(message.field1())); }
};

}  // namespace

TEST_CASE("a lambda is a handler, whether const, mutable or noexcept") {
  CHECK(answerOf([](const Msg01& message) { return msg01(reversed(message.field1())); }) == "cba");
  CHECK(answerOf([](const Msg01& message) noexcept { return msg01(reversed(message.field1())); }) == "cba");
  CHECK(answerOf([count = 0](const Msg01&) mutable { return msg01(std::to_string(++count)); }) == "1");
  CHECK(answerOf([count = 0](const Msg01&) mutable noexcept { return msg01(std::to_string(++count)); }) == "1");
}

TEST_CASE("a handler may take a Sender, whether it is const, mutable or noexcept") {
  CHECK(answerOf([](const Msg01& message, Sender& sender) { sender.send(message); }) == "abc");
  CHECK(answerOf([](const Msg01& message, Sender& sender) noexcept { sender.send(message); }) == "abc");
  CHECK(answerOf([count = 0](const Msg01&, Sender& sender) mutable { sender.send(msg01(std::to_string(++count))); }) ==
        "1");
}

TEST_CASE("a handler that takes a Sender may return its reply all the same") {
  CHECK(answerOf([](const Msg01& message, Sender& sender) {
          return msg01(message.field1() + std::to_string(sender.route().size()));
        }) == "abc0");
}

TEST_CASE("functions, pointers to them, std::functions and objects with operator() are handlers") {
  CHECK(answerOf(reverse) == "cba");
  CHECK(answerOf(&reverse) == "cba");
  CHECK(answerOf(reverseNoexcept) == "cba");
  CHECK(answerOf(reverseBySender) == "cba");
  CHECK(answerOf(Callable()) == "cba");
  CHECK(answerOf(std::function<Msg01(const Msg01&)>(reverse)) == "cba");
  CHECK(answerOf(std::function<void(const Msg01&, Sender&)>(reverseBySender)) == "cba");
}

TEST_CASE("a handler may take the message by value") {
  CHECK(answerOf([](Msg01 message) {
          message.set_field1(reversed(message.field1()));
          return message;
        }) == "cba");
}

TEST_CASE("a handler may return a message of another type, or a reference") {
  CHECK(answerOf([](const Msg01& message) { return msg02(message.field1() + "!", 1); }) == "abc!");
  CHECK(answerOf([](const Msg01& message) -> const Msg01& { return message; }) == "abc");
}

namespace {

class Shelf : public MtMsgReactor {
 public:
  Shelf() {
    on(&Shelf::handleMsg01);
    on(&Shelf::handleMsg02);
    on(&Shelf::handleM);
    on(&Shelf::handleEmpty01);
  }
  ~Shelf() { stop(); }

 private:
  Msg01 handleMsg01(const Msg01& message) {
    kept_ += message.field1();
    return msg01(kept_);
  }
  void handleMsg02(const Msg02& message, Sender& sender) {
    kept_ += message.field1();
    sender.send(msg01(kept_));
  }
  Msg01 handleM(const M&) const noexcept { return msg01("kept " + kept_); }
  Msg01 handleEmpty01(const Empty01&, Sender&) { return msg01("emptied of " + std::exchange(kept_, "")); }

  std::string kept_;
};

}  // namespace

TEST_CASE("members of a derived class are handlers, and their object keeps its state between messages") {
  Shelf shelf;
  const std::string endpoint = addResponse(shelf);
  shelf.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("a")) == "a");
  CHECK(ask(request, msg02("b", 1)) == "ab");
  CHECK(ask(request, msg01("c")) == "abc");
  CHECK(ask(request, M()) == "kept abc");
  CHECK(ask(request, Empty01()) == "emptied of abc");
  CHECK(ask(request, M()) == "kept ");
}

namespace {

/// What a reactor replies that handles messages of a type that is named, as the handler does not tell it.
template <class Message, class F>
std::string namedAnswerOf(F handler) {
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on<Message>(std::move(handler));
  reactor.start();
  Request request(endpoint);
  return ask(request, msg01("abc"));
}

Msg01 marked(const std::string& mark, const Msg01& message) { return msg01(mark + message.field1()); }

Msg01 overloaded(const Msg01& message) { return msg01("1 " + message.field1()); }
Msg01 overloaded(const Msg02& message) { return msg01("2 " + message.field1()); }
void overloaded(const Empty01&, Sender& sender) { sender.send(msg01("3")); }

class Overloading : public MtMsgReactor {
 public:
  Overloading() { on<Msg01>(&Overloading::handle).on<Msg02>(&Overloading::handle).on<Empty01>(&Overloading::handle); }
  ~Overloading() { stop(); }

 private:
  Msg01 handle(const Msg01& message) { return overloaded(message); }
  Msg01 handle(const Msg02& message) { return overloaded(message); }
  void handle(const Empty01& message, Sender& sender) { overloaded(message, sender); }
};

}  // namespace

TEST_CASE("a generic lambda and the result of std::bind are handlers of the type that is named") {
  CHECK(namedAnswerOf<Msg01>([](const auto& message) { return message; }) == "abc");
  CHECK(namedAnswerOf<Msg01>([](const auto& message, auto& sender) { sender.send(message); }) == "abc");
  CHECK(namedAnswerOf<Msg01>(std::bind(marked, "x", std::placeholders::_1)) == "xabc");
  CHECK(namedAnswerOf<Msg01>(reverse) == "cba");
}

TEST_CASE("overloaded functions, also members, are handlers of the type that is named") {
  MtMsgReactor free;
  Overloading member;
  free.on<Msg01>(overloaded).on<Msg02>(overloaded).on<Empty01>(overloaded);
  for (MtMsgReactor* reactor : {&free, static_cast<MtMsgReactor*>(&member)}) {
    const std::string endpoint = addResponse(*reactor);
    reactor->start();
    Request request(endpoint);
    CHECK(ask(request, msg01("a")) == "1 a");
    CHECK(ask(request, msg02("b", 1)) == "2 b");
    CHECK(ask(request, Empty01()) == "3");
  }
}

TEST_CASE("handlers and hooks may capture what can only be moved") {
  Notes<std::string> notes;
  const auto mine = [](const char* text) { return std::make_unique<std::string>(text); };
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([text = mine("!")](const Msg01& message) { return msg01(message.field1() + *text); })
      .on<Msg02>(
          [text = mine("?")](const auto& message, Sender& sender) { sender.send(msg01(message.field1() + *text)); })
      .on([text = mine("thrown")](const M&) { throw std::runtime_error(*text); })
      .onUnknown([&, text = mine(" is unknown")](const std::string& type) { notes.add(type + *text); })
      .onError([&, text = mine(" it was")](const Error& error) { notes.add(error.text() + *text); });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("a")) == "a!");
  CHECK(ask(request, msg02("b", 1)) == "b?");
  ask(request, M());
  ask(request, Empty01());
  CHECK(notes.all() == std::vector<std::string>{"thrown it was", "Empty01 is unknown"});
}

TEST_CASE("each type goes to its own handler") {
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01& message) { return msg01("1 " + message.field1()); })
      .on([](const Msg02& message) { return msg01("2 " + message.field1() + std::to_string(message.field2())); })
      .on([](const Empty01&) { return msg01("3"); });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg02("b", 7)) == "2 b7");
  CHECK(ask(request, msg01("a")) == "1 a");
  CHECK(ask(request, Empty01()) == "3");
}

TEST_CASE("a handler sees nothing of the message before") {
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg02& message) { return msg01(message.field1() + std::to_string(message.field2())); });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg02("full", 7)) == "full7");
  CHECK(ask(request, Msg02()) == "0");
}

TEST_CASE("the handler set last for a type counts") {
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01&) { return msg01("first"); });
  reactor.on([](const Msg01&) { return msg01("second"); });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("")) == "second");
}

TEST_CASE("handlers, hooks and sockets are set before start(); later it is an error that says so") {
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on(reverse);
  reactor.start();
  CHECK(codeOf([&] { reactor.on([](const Msg02&) {}); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { reactor.onUnknown([](const std::string&) {}); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { reactor.onError([](const Error&) {}); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { addResponse(reactor); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { reactor.every(1s, [] {}); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { reactor.start(); }) == Errc::outOfTurn);
  try {
    reactor.on(reverse);
  } catch (const Error& error) {
    CHECK(contains(error.what(), "before start()"));
  }
  Request request(endpoint);
  CHECK(ask(request, msg01("still there")) == "ereht llits");
  reactor.stop();
  CHECK(codeOf([&] { reactor.on([](const Msg02&) {}); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { addResponse(reactor); }) == Errc::outOfTurn);
}

// --- Hooks ---

TEST_CASE("onUnknown is called with the type's full name, whether the type has no handler or is not linked") {
  const LogNotes log;
  Notes<std::string> unknown;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on(reverse).onUnknown([&](const std::string& type) { unknown.add(type); });
  reactor.start();
  Request request(endpoint);
  CHECK(startsWith(ask(request, msg02("", 0)), "error 5: "));
  request.connection().send(envelopeOfStranger());
  CHECK(startsWith(answerIn(request.connection().recv()), "error 5: "));
  CHECK(unknown.all() == std::vector<std::string>{"Msg02", "Msg99"});
  CHECK(reactor.handlerStats().unknown == 2);
  CHECK(ask(request, msg01("ab")) == "ba");
}

TEST_CASE("onUnknown is not called with a name of any bytes and any length") {
  const LogNotes log;
  Notes<std::string> unknown;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.onUnknown([&](const std::string& type) { unknown.add(type); });
  reactor.start();
  Request request(endpoint);
  const std::string name = std::string(100000, '.') + '\n';
  request.connection().send(fields::envelope(name, "type.googleapis.com/" + name, ""));
  CHECK(startsWith(answerIn(request.connection().recv()), "error 5: "));
  REQUIRE(unknown.all().size() == 1);
  CHECK(unknown.all()[0].size() < 1000);
}

TEST_CASE("onUnknown may take a Sender and reply, or nothing at all") {
  const LogNotes log;
  SUBCASE("a Sender") {
    MtMsgReactor reactor;
    const std::string endpoint = addResponse(reactor);
    reactor.onUnknown([](const std::string& type, Sender& sender) { sender.send(msg01("no " + type)); });
    reactor.start();
    Request request(endpoint);
    CHECK(ask(request, Empty01()) == "no Empty01");
    CHECK(ask(request, msg02("", 1)) == "no Msg02");
  }
  SUBCASE("nothing") {
    std::atomic<int> calls{0};
    MtMsgReactor reactor;
    const std::string endpoint = addResponse(reactor);
    reactor.onUnknown([&calls, count = 0]() mutable { calls = ++count; });
    reactor.start();
    Request request(endpoint);
    ask(request, Empty01());
    ask(request, Empty01());
    CHECK(calls == 2);
  }
}

TEST_CASE("a hook that throws is reported, and does not keep the client from a reply") {
  const LogNotes log;
  Notes<std::string> errors;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.onUnknown([](const std::string&) { throw std::runtime_error("the hook's own fault"); })
      .onError([&](const Error& error) {
        errors.add(error.what());
        throw 42;
      });
  reactor.start();
  Request request(endpoint);
  CHECK(startsWith(ask(request, Empty01()), "error 5: "));
  REQUIRE(errors.reach(1));
  CHECK(contains(errors.all().front(), "the hook's own fault"));
  CHECK(startsWith(ask(request, Empty01()), "error 5: "));
}

namespace {

/// What a reactor tells this error hook of a handler that throws.
template <class MakeHook>
std::string toldTo(const MakeHook& makeHook) {
  const LogNotes log;
  Notes<std::string> told;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01&) { throw std::runtime_error("it broke"); }).onError(makeHook(told));
  reactor.start();
  Request request(endpoint);
  ask(request, msg01(""));
  REQUIRE(told.reach(1));
  return told.all().front();
}

}  // namespace

TEST_CASE("onError takes the Error, any std::exception, an exception_ptr or the text") {
  CHECK(contains(toldTo([](auto& told) {
                   return [&told](const Error& error) {
                     told.add(error.code() == Errc::handlerFailed ? error.what() : "another code");
                   };
                 }),
                 "it broke"));
  CHECK(contains(toldTo([](auto& told) { return [&told](const std::exception& error) { told.add(error.what()); }; }),
                 "it broke"));
  CHECK(contains(toldTo([](auto& told) {
                   return [&told](std::exception_ptr error) {
                     try {
                       std::rethrow_exception(error);
                     } catch (const Error& rethrown) {
                       told.add(rethrown.what());
                     }
                   };
                 }),
                 "it broke"));
  CHECK(contains(toldTo([](auto& told) { return [&told](const std::string& text) { told.add(text); }; }), "it broke"));
  CHECK(contains(toldTo([](auto& told) { return [&told](std::string_view text) { told.add(std::string(text)); }; }),
                 "it broke"));
}

TEST_CASE("the reactor counts what it handles, and how it ended") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on(reverse).on([](const Msg02&) { throw 1; });
  reactor.start();
  Request request(endpoint);
  for (int i = 0; i < 4; ++i) ask(request, msg01("a"));
  for (int i = 0; i < 3; ++i) ask(request, msg02("a", 1));
  for (int i = 0; i < 2; ++i) ask(request, Empty01());
  request.connection().send("junk");
  request.connection().recv();
  reactor.stop();
  const auto stats = reactor.handlerStats();
  CHECK(stats.handled == 4);
  CHECK(stats.failed == 3);
  CHECK(stats.unknown == 2);
  CHECK(stats.malformed == 1);
}
